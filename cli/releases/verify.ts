import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { proveArchive, type Evidence } from '../../activities/releases/verify.js';
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
  /** In hex, instead of any signature. Default: that of the release, where it names one. */
  readonly sha256?: string;
}

/** What came of it. */
export interface Verdict {
  readonly verified: boolean;
  /** What was found, with the names of both sides. */
  readonly sentence: string;
  /** SHA-256 in hex; null when the archive is not proven. */
  readonly digest: string | null;
}

/**
 * Guide, step 3: proves the signature or the digest over the bytes of an archive that somebody has fetched. Unpacks nothing.
 * @throws UsageError when a file is missing, or when it cannot be told what the archive must be
 */
export async function verifyArchive(wanted: Verification, catalogue: Catalogue): Promise<Verdict> {
  const { evidence, right, wrong } = await expectationOf(wanted, catalogue);
  const archive = await proveArchive(wanted.file, evidence).catch(unusable(wanted));
  await archive?.handle.close();
  const digest = archive?.digest ?? null;
  return { verified: digest !== null, sentence: digest === null ? wrong : right, digest };
}

interface Expectation {
  readonly evidence: Evidence;
  /** What holds when the archive is proven, and when it is not. */
  readonly right: string;
  readonly wrong: string;
}

async function expectationOf(wanted: Verification, catalogue: Catalogue): Promise<Expectation> {
  if (wanted.sha256 !== undefined) return ofDigest(wanted, readDigest(wanted.sha256), 'that was given');
  const release = releaseOf(wanted, catalogue);
  const sha256 = release === null || wanted.key !== undefined ? undefined : digestIn(release, wanted);
  if (sha256 !== undefined) return ofDigest(wanted, sha256, `of ${release?.version ?? ''} in the catalogue`);
  const { file } = wanted;
  const signature = wanted.signature ?? `${file}${release?.signatureSuffix ?? '.sig'}`;
  const bytes = await readIt(signature);
  const { by, publicKey } = await keyOf(wanted, release);
  return {
    evidence: { publicKey, signature: bytes },
    right: `${file} is signed by ${by}`,
    wrong: `${signature} is no signature of ${file} by ${by}`,
  };
}

function ofDigest({ file }: Verification, sha256: string, which: string): Expectation {
  return {
    evidence: { sha256 },
    right: `${file} has the SHA-256 ${which}`,
    wrong: `${file} has not the SHA-256 ${which}, ${sha256}`,
  };
}

function readDigest(text: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  throw new UsageError(`"${text}" is no SHA-256: that is 64 hexadecimal digits.`, 'verified');
}

/** By the name of the file; one that was given another name is taken for the archive of this machine. */
function digestIn({ archives }: Release, { file }: Verification): string | undefined {
  const all = Object.entries(archives);
  const [, archive] =
    all.find(([, one]) => one.file === basename(file)) ?? all.find(([platform]) => platform === process.platform) ?? [];
  return archive?.sha256;
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
      `No release of the catalogue has an archive named ${name}: say which with --release, --key or --sha256.`,
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
