import { createHash, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { withLock, type EnsureOptions } from '../binaries/index.js';
import { layOut } from './layouts.js';
import { loadSigningKey, publicKeyPem, signArchive } from './signing-key.js';
import { archiveName, proofName, type StandIn } from './stand-ins.js';

/** A folder of archives with what proves them, as vendor and upstream publish them, and the key of the signed ones. */
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
 * Puts together the stand-ins for published archives: istioctl of the same commit, charts, profiles and samples in their
 * layout. The vendor's are signed with the sandbox's own key, upstream's have their sum beside them. Made once.
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

/** The SHA-256 of an archive that is proven by one, as the file beside it says. */
export async function publishedSum({ dir }: ReleaseArchives, standIn: StandIn): Promise<string> {
  return (await readFile(join(dir, proofName(standIn)), 'utf8')).split(' ')[0] ?? '';
}

async function ensureArchive(standIn: StandIn, key: KeyObject, options: EnsureOptions): Promise<void> {
  const dir = archivesDir(options.cacheDir);
  const name = archiveName(standIn);
  const proof = join(dir, proofName(standIn));
  if (existsSync(proof)) return;
  const onWait = (pid: number) => options.progress(`waiting for process ${pid}, which packs a release archive`);
  await withLock(join(options.cacheDir, 'locks', 'release-archives.lock'), onWait, async () => {
    if (existsSync(proof)) return;
    options.progress(`packing ${name} ...`);
    await layOut(standIn, unpackedRelease(options.cacheDir, standIn), options);
    const draft = join(dir, `${name}.${process.pid}`);
    await create({ cwd: dir, file: draft, gzip: true, portable: true }, [`istio-${standIn.version}`]);
    const bytes = proofOf(standIn, key, await readFile(draft));
    await rename(draft, join(dir, name));
    // Last, and in one step: an archive that has its proof is whole.
    await writeFile(draft, bytes);
    await rename(draft, proof);
    options.progress(`packed ${name}`);
  });
}

/** Of a sum there is one line: hexadecimal digits, a space, the name of the archive. */
function proofOf(standIn: StandIn, key: KeyObject, archive: Buffer): Buffer | string {
  if (standIn.proof === 'signature') return signArchive(key, archive);
  return `${createHash('sha256').update(archive).digest('hex')} ${archiveName(standIn)}\n`;
}
