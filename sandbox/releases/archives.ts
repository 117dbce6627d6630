import type { KeyObject } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';
import { assetPath } from '../../settings/node-command.js';
import { groupOf } from '../binaries/catalogue.js';
import { workDir } from '../binaries/cache.js';
import { moduleDir } from '../binaries/go.js';
import { withLock, type EnsureOptions } from '../binaries/index.js';
import { buildIstio, prepareIstio } from '../binaries/recipe-istio.js';
import { runTool } from '../exec.js';
import { loadSigningKey, publicKeyPem, signArchive } from './signing-key.js';
import type { StandIn } from './stand-ins.js';

/** A folder of signed archives in the vendor's layout, and the key that signed them. */
export interface ReleaseArchives {
  readonly dir: string;
  readonly publicKey: string;
  readonly standIns: readonly StandIn[];
}

/** Where a release lies unpacked, once {@link ensureReleaseArchives} has put it together: the seed installs from there. */
export function unpackedRelease(cacheDir: string, { version }: StandIn): string {
  return join(archivesDir(cacheDir), `istio-${version}`);
}

function archivesDir(cacheDir: string): string {
  return join(cacheDir, 'releases-stand-in');
}

/**
 * Puts together the stand-ins for the vendor's archives: upstream's istioctl of the same commit, charts, profiles and
 * samples in the vendor's layout, signed with the sandbox's own key. Made once.
 */
export async function ensureReleaseArchives(
  standIns: readonly StandIn[],
  options: EnsureOptions,
): Promise<ReleaseArchives> {
  const dir = archivesDir(options.cacheDir);
  const key = await loadSigningKey(join(dir, 'signing-key.pem'));
  for (const standIn of standIns) await ensureArchive(standIn, key, options);
  return { dir, publicKey: publicKeyPem(key), standIns };
}

async function ensureArchive(standIn: StandIn, key: KeyObject, options: EnsureOptions): Promise<void> {
  const dir = archivesDir(options.cacheDir);
  const name = `istio-${standIn.version}-linux-amd64.tar.gz`;
  const archive = join(dir, name);
  if (existsSync(`${archive}.1.sig`)) return;
  const onWait = (pid: number) => options.progress(`waiting for process ${pid}, which packs a release archive`);
  await withLock(join(options.cacheDir, 'locks', 'release-archives.lock'), onWait, async () => {
    if (existsSync(`${archive}.1.sig`)) return;
    options.progress(`packing ${name} ...`);
    await layOut(standIn, options);
    const draft = `${archive}.${process.pid}`;
    await create({ cwd: dir, file: draft, gzip: true, portable: true }, [`istio-${standIn.version}`]);
    await rename(draft, archive);
    await writeFile(`${archive}.1.sig`, signArchive(key, await readFile(archive)));
    options.progress(`packed ${name}`);
  });
}

/** `bin/`, `manifests/` with the vendor's profile, and `samples/`, as the guide describes the archive (step 3). */
async function layOut(standIn: StandIn, options: EnsureOptions): Promise<void> {
  const unpacked = unpackedRelease(options.cacheDir, standIn);
  const group = groupOf(standIn.istioctl);
  if (group.recipe.type !== 'istio') throw new Error('a stand-in is made from an Istio group');
  const context = { dir: workDir(options.cacheDir, group), ...(options.signal ? { signal: options.signal } : {}) };
  await prepareIstio(group.recipe, Object.values(group.binaries), context);
  const istioctl = await buildIstio(group.recipe, 'istioctl/cmd/istioctl', context, standIn.version);
  const source = await moduleDir('istio.io/istio', group.recipe.pseudoVersion, context);
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(join(unpacked, 'bin'), { recursive: true });
  for (const [from, to] of Object.entries(standIn.folders)) {
    await cp(join(source, from), join(unpacked, to), { recursive: true });
  }
  // Go keeps its module cache read-only, and the copies with it.
  await runTool('chmod', ['-R', 'u+w', unpacked]);
  await copyFile(istioctl, join(unpacked, 'bin', 'istioctl-bin'));
  await copyFile(assetPath(new URL('./istioctl-launcher.sh', import.meta.url)), join(unpacked, 'bin', 'istioctl'));
  await Promise.all(['istioctl', 'istioctl-bin'].map((name) => chmod(join(unpacked, 'bin', name), 0o755)));
  await writeVendorProfile(join(unpacked, 'manifests', 'profiles'), standIn.version);
}

/** The vendor's profile is upstream's default one with the vendor's images. */
async function writeVendorProfile(profiles: string, version: string): Promise<void> {
  const text = await readFile(join(profiles, 'default.yaml'), 'utf8');
  const vendor = text
    .replace(/^ {2}hub: .*$/m, '  hub: gcr.io/gke-release/asm')
    .replace(/^ {2}tag: .*$/m, `  tag: ${version}`);
  await writeFile(join(profiles, 'asm-multicloud.yaml'), vendor);
}
