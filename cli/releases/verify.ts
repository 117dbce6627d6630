import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { proveArchive } from '../../activities/releases/verify.js';
import type { Release } from '../../domain/release.js';
import type { Catalogue } from '../../settings/catalogue.js';
import { UsageError } from '../exit-codes.js';

/** What is verified against what. */
export interface Verification {
  readonly file: string;
  /** Version in the catalogue. Default: the one that has an archive of that name. */
  readonly release?: string;
  /** Default: beside the file, with the suffix of the release. */
  readonly signature?: string;
  /** File with the PEM. Default: the key of the release. */
  readonly key?: string;
}

/** What came of it. */
export interface Verdict {
  readonly verified: boolean;
  readonly signature: string;
  /** SHA-256 in hex; null when the signature is not the key's. */
  readonly digest: string | null;
  /** Whose key it was. */
  readonly by: string;
}

/**
 * Guide, step 3: proves the signature over the bytes of an archive that somebody has fetched. Unpacks nothing.
 * @throws UsageError when a file is missing, or when it cannot be told which key is meant
 */
export async function verifyArchive(wanted: Verification, catalogue: Catalogue): Promise<Verdict> {
  const release = releaseOf(wanted, catalogue);
  const signatureFile = wanted.signature ?? `${wanted.file}${release?.signatureSuffix ?? '.sig'}`;
  const signature = await readIt(signatureFile);
  const { by, publicKey } = await keyOf(wanted, release);
  const archive = await proveArchive(wanted.file, signature, publicKey).catch(unusable(wanted));
  await archive?.handle.close();
  return { verified: archive !== null, signature: signatureFile, digest: archive?.digest ?? null, by };
}

async function keyOf({ key }: Verification, release: Release | null): Promise<{ by: string; publicKey: string }> {
  if (key !== undefined) return { by: key, publicKey: await readIt(key, 'utf8') };
  return { by: `the key of ${release?.version ?? ''}`, publicKey: release?.publicKey ?? '' };
}

function releaseOf({ release, key, file }: Verification, catalogue: Catalogue): Release | null {
  const known = catalogue.releases.map(({ version }) => version).join(', ');
  if (release !== undefined) {
    const found = catalogue.find(release);
    if (found === null)
      throw new UsageError(`The catalogue has no release "${release}"; it has: ${known}.`, 'verified');
    return found;
  }
  const name = basename(file);
  const found = catalogue.releases.find(({ archives }) => Object.values(archives).some((one) => one.file === name));
  if (found === undefined && key === undefined)
    throw new UsageError(
      `No release of the catalogue has an archive named ${name}: say which with --release, or --key.`,
      'verified',
    );
  return found ?? null;
}

async function readIt(file: string): Promise<Buffer>;
async function readIt(file: string, encoding: 'utf8'): Promise<string>;
async function readIt(file: string, encoding?: 'utf8'): Promise<Buffer | string> {
  return readFile(file, encoding).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, 'verified');
  });
}

function unusable({ file, key }: Verification): (error: unknown) => never {
  return (error) => {
    const { message, syscall } = error as NodeJS.ErrnoException;
    const what = syscall === undefined ? (key ?? 'The key of the release') : file;
    throw new UsageError(`${what} cannot be used: ${message}`, 'verified');
  };
}
