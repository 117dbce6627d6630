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

/** The release that the sandbox's archive stands in for. */
export const STAND_IN_VERSION = '1.6.14-asm.2';
const ARCHIVE = `istio-${STAND_IN_VERSION}-linux-amd64.tar.gz`;

/** A folder of signed archives in the vendor's layout, and the key that signed them. */
export interface ReleaseArchives {
  readonly dir: string;
  readonly publicKey: string;
  /** The unpacked release: the seed uses its charts. */
  readonly unpacked: string;
}

/**
 * Puts together the stand-in for the vendor's archive: upstream's istioctl of the same commit, charts, profiles and
 * samples in the vendor's layout, signed with the sandbox's own key. Made once.
 */
export async function ensureReleaseArchives(options: EnsureOptions): Promise<ReleaseArchives> {
  const dir = join(options.cacheDir, 'releases-stand-in');
  const unpacked = join(dir, `istio-${STAND_IN_VERSION}`);
  const key = await loadSigningKey(join(dir, 'signing-key.pem'));
  const archive = join(dir, ARCHIVE);
  if (!existsSync(`${archive}.1.sig`)) {
    const onWait = (pid: number) => options.progress(`waiting for process ${pid}, which packs the release archive`);
    await withLock(join(options.cacheDir, 'locks', 'release-archives.lock'), onWait, async () => {
      if (existsSync(`${archive}.1.sig`)) return;
      options.progress(`packing ${ARCHIVE} ...`);
      await layOut(unpacked, options);
      const draft = `${archive}.${process.pid}`;
      await create({ cwd: dir, file: draft, gzip: true, portable: true }, [`istio-${STAND_IN_VERSION}`]);
      await rename(draft, archive);
      await writeFile(`${archive}.1.sig`, signArchive(key, await readFile(archive)));
      options.progress(`packed ${ARCHIVE}`);
    });
  }
  return { dir, publicKey: publicKeyPem(key), unpacked };
}

/** `bin/`, `manifests/` with the vendor's profile, and `samples/`, as the guide describes the archive (step 3). */
async function layOut(unpacked: string, options: EnsureOptions): Promise<void> {
  const group = groupOf('istioctl-1.6.14');
  if (group.recipe.type !== 'istio') throw new Error('the stand-in is made from an Istio group');
  const context = { dir: workDir(options.cacheDir, group), ...(options.signal ? { signal: options.signal } : {}) };
  await prepareIstio(group.recipe, Object.values(group.binaries), context);
  const istioctl = await buildIstio(group.recipe, 'istioctl/cmd/istioctl', context, STAND_IN_VERSION);
  const source = await moduleDir('istio.io/istio', group.recipe.pseudoVersion, context);
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(join(unpacked, 'bin'), { recursive: true });
  await cp(join(source, 'manifests'), join(unpacked, 'manifests'), { recursive: true });
  await cp(join(source, 'samples'), join(unpacked, 'samples'), { recursive: true });
  // Go keeps its module cache read-only, and the copies with it.
  await runTool('chmod', ['-R', 'u+w', unpacked]);
  await copyFile(istioctl, join(unpacked, 'bin', 'istioctl-bin'));
  await copyFile(assetPath(new URL('./istioctl-launcher.sh', import.meta.url)), join(unpacked, 'bin', 'istioctl'));
  await Promise.all(['istioctl', 'istioctl-bin'].map((name) => chmod(join(unpacked, 'bin', name), 0o755)));
  await writeVendorProfile(join(unpacked, 'manifests', 'profiles'));
}

/** The vendor's profile is upstream's default one with the vendor's images. */
async function writeVendorProfile(profiles: string): Promise<void> {
  const text = await readFile(join(profiles, 'default.yaml'), 'utf8');
  const vendor = text
    .replace(/^ {2}hub: .*$/m, '  hub: gcr.io/gke-release/asm')
    .replace(/^ {2}tag: .*$/m, `  tag: ${STAND_IN_VERSION}`);
  await writeFile(join(profiles, 'asm-multicloud.yaml'), vendor);
}
