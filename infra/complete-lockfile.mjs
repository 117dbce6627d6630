/**
 * Makes `package-lock.json` fit for `npm ci` anywhere; run as `npm run lockfile` after every `npm install`.
 *
 * A registry mirror may lack the builds of native packages for platforms it does not serve. npm then leaves those optional packages
 * out of the lock file, and the next `npm ci` rejects the lock file it has just written (npm/cli#9846). This adds the missing entries,
 * each bound to its platform, and drops the `resolved` addresses, so that the lock file names no registry.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const LOCKFILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openbsd', 'netbsd', 'openharmony', 'sunos', 'aix'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];

const lock = JSON.parse(readFileSync(LOCKFILE, 'utf8'));

/** Whether Node's look-up, from the folder `from` upwards, finds `name` in the lock file. */
function isLocked(from, name) {
  const parts = from === '' ? [] : from.split('/node_modules/');
  for (let depth = parts.length; depth >= 0; depth--) {
    const base = parts.slice(0, depth).join('/node_modules/');
    if (lock.packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`] !== undefined) return true;
  }
  return false;
}

function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (os.length + cpu.length === 0)
    throw new Error(`${name} is missing from the lock file and its name tells no platform`);
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }) };
}

for (const [path, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (path === '' || isLocked(path, name)) continue;
    lock.packages[`${path}/node_modules/${name}`] = { version, optional: true, ...platformOf(name) };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(LOCKFILE, `${JSON.stringify(lock, null, 2)}\n`);
