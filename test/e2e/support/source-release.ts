import { generateKeyPairSync, sign } from 'node:crypto';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import type { Release } from '../../../domain/release.js';
import { unpackedRelease } from '../../../sandbox/releases/archives.js';
import { TARGET } from '../../../sandbox/releases/stand-ins.js';
import { defaultCacheDir } from '../../../settings/paths.js';

/** What the seeded mesh of 1.6 calls itself. */
const VERSION = '1.6.13';

/**
 * Puts the archive of the running 1.6 into a folder, as a mirror of the vendor's would have it: the sandbox has no istioctl
 * of exactly that version, so it is the one of 1.6.14 under another name, with the profiles of the release.
 * @param defaults changes what the profile `default` of that version says
 */
export async function sourceReleaseIn(dir: string, defaults: (profile: string) => string): Promise<Release> {
  const name = `istio-${VERSION}`;
  const file = `${name}-linux-amd64.tar.gz`;
  const real = unpackedRelease(defaultCacheDir(), TARGET);
  await mkdir(join(dir, name, 'bin'), { recursive: true });
  await mkdir(join(dir, name, 'manifests'));
  await cp(join(real, 'manifests', 'profiles'), join(dir, name, 'manifests', 'profiles'), { recursive: true });
  const profile = join(dir, name, 'manifests', 'profiles', 'default.yaml');
  await writeFile(profile, defaults(await readFile(profile, 'utf8')));
  const istioctl = join(dir, name, 'bin', 'istioctl');
  await writeFile(
    istioctl,
    `#!/bin/sh\n[ "$1" = version ] && { echo ${VERSION}; exit; }\nexec ${join(real, 'bin', 'istioctl')} "$@"\n`,
  );
  await chmod(istioctl, 0o755);
  await create({ cwd: dir, file: join(dir, file), gzip: true, portable: true }, [name]);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(dir, `${file}.1.sig`), sign('sha256', await readFile(join(dir, file)), privateKey));
  return {
    version: VERSION,
    role: 'source',
    driver: 'asm-1.6',
    revision: 'default',
    profile: 'default',
    sources: [],
    routes: [],
    kubernetes: { min: '1.15', max: '1.21' },
    baseUrl: `file://${dir}`,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signatureSuffix: '.1.sig',
    archives: { linux: { file } },
  };
}
