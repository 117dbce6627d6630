import { ApplicationFailure } from '@temporalio/common';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PLATFORMS, proofOf, type Platform, type Proof, type Release } from '../../domain/release.js';
import type { DownloadPolicy } from '../../settings/download-policy.js';
import { runCommand } from '../exec.js';
import { failure } from '../failure.js';
import { claim, layDown, newTag, sweep } from './claims.js';
import { asDiskFull } from './disk-full.js';
import { downloadFile, downloadSmall, type Progress } from './download.js';
import { unpackInto } from './unpack.js';
import { invalid } from './unpack-guard.js';
import { proveArchive, type Evidence, type ProvenArchive } from './verify.js';

export interface FetchRequest {
  readonly release: Release;
  /** Whose archive; another one than this machine's can be fetched for others, but not run. */
  readonly platform: NodeJS.Platform;
  /** Where archives may come from. */
  readonly policy: DownloadPolicy;
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  /** Told with every piece that arrives. */
  readonly heartbeat?: (progress: Progress) => void;
}

/** A release, proven and unpacked. */
export interface FetchedRelease {
  /** SHA-256 of the archive, in hex. */
  readonly digest: string;
  /** The folder that holds `bin/`, `manifests/` and `samples/`. */
  readonly dir: string;
  /** Absolute path of its istioctl. */
  readonly istioctl: string;
  /** Whether its istioctl has said the release's version; that of another platform cannot be run here. */
  readonly versionProven: boolean;
}

/**
 * Guide, step 3: gets the archive of a release for a platform, proves its signature or its digest over the archive's bytes, and only
 * then unpacks it. Archive and signature stay in the cache: a second call proves them again and downloads nothing. Several processes may share the cache.
 * @throws DownloadFailed, SignatureInvalid (nothing was unpacked), ArchiveInvalid, DiskFull
 */
export async function fetchReleaseArchive(request: FetchRequest): Promise<FetchedRelease> {
  try {
    return await fetchInto(await placeOf(request), request);
  } catch (error) {
    throw asDiskFull(error, request.cacheDir);
  }
}

async function fetchInto(place: Place, request: FetchRequest): Promise<FetchedRelease> {
  const archive = (await proveCached(place)) ?? (await download(request, place));
  try {
    const dir = join(place.releases, archive.digest);
    if (!(await isRight(request, dir).catch(() => false))) await unpack(request, place, archive, dir);
    return { digest: archive.digest, dir, istioctl: istioctlIn(request, dir), versionProven: isForHere(request) };
  } finally {
    await archive.handle.close();
  }
}

interface Place {
  /** `<cacheDir>/releases`: one folder per digest, and `archives`. */
  readonly releases: string;
  readonly archives: string;
  readonly file: string;
  readonly proof: Proof;
}

async function placeOf({ release, platform, cacheDir }: FetchRequest): Promise<Place> {
  const file = isOffered(platform) ? release.archives[platform]?.file : undefined;
  if (!isOffered(platform) || file === undefined) {
    const offered = Object.keys(release.archives).join(', ');
    throw failure('ArchiveInvalid', `Release ${release.version} has no archive for ${platform}, only for ${offered}.`);
  }
  const proof = proofOf(release, platform);
  if (proof === null)
    throw failure('SignatureInvalid', `Nothing in the catalogue proves ${file} of release ${release.version}.`);
  const releases = join(cacheDir, 'releases');
  const archives = join(releases, 'archives');
  await mkdir(archives, { recursive: true, mode: 0o700 });
  return { releases, archives, file, proof };
}

function isOffered(platform: NodeJS.Platform): platform is Platform {
  return (PLATFORMS as readonly string[]).includes(platform);
}

/** The archive of an earlier call, if it is there and still what is proven: key, digest and mirror may have been changed since. */
async function proveCached(place: Place): Promise<ProvenArchive | null> {
  try {
    const evidence = await evidenceOf(place, (name) => readFile(join(place.archives, name)));
    return await proveArchive(join(place.archives, place.file), evidence);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function evidenceOf({ file, proof }: Place, read: (name: string) => Promise<Buffer>): Promise<Evidence> {
  if (proof.by === 'digest') return { sha256: proof.sha256 };
  return { publicKey: proof.publicKey, signature: await read(`${file}${proof.suffix}`) };
}

async function download(request: FetchRequest, place: Place): Promise<ProvenArchive> {
  const { release, signal, policy, heartbeat } = request;
  const partName = `${place.file}.part`;
  const part = await claim(place.archives, partName);
  const from = (file: string) => new URL(`${release.baseUrl.replace(/\/+$/, '')}/${file}`);
  const fetchProven = async () => {
    const progress = heartbeat === undefined ? {} : { onProgress: heartbeat };
    const { resumed } = await downloadFile({ url: from(place.file), policy, signal, ...progress }, part);
    const evidence = await evidenceOf(place, (name) => downloadSmall({ url: from(name), policy, signal }));
    return { resumed, evidence, archive: await proveArchive(part, evidence) };
  };
  try {
    let fetched = await fetchProven();
    if (fetched.archive === null && fetched.resumed) {
      // The beginning may have been that of another file: before anything is said about the vendor's, all of it is fetched.
      await rm(part, { force: true });
      fetched = await fetchProven();
    }
    const { archive, evidence } = fetched;
    if (archive === null) {
      await rm(part, { force: true });
      throw notProven(release, from(place.file), place.proof);
    }
    await keep(place, part, evidence);
    return archive;
  } catch (error) {
    // What can heal goes on here later; anything else must leave nothing behind.
    const known = asDiskFull(error, place.archives);
    if (known instanceof ApplicationFailure && known.nonRetryable === true) await rm(part, { force: true });
    else await layDown(part, place.archives, partName);
    throw error;
  }
}

async function keep(place: Place, part: string, evidence: Evidence): Promise<void> {
  if ('signature' in evidence && place.proof.by === 'signature')
    await keepSignature(place, `${place.file}${place.proof.suffix}`, evidence.signature);
  await rename(part, join(place.archives, place.file));
}

async function keepSignature({ archives }: Place, name: string, signature: Buffer): Promise<void> {
  const draft = join(archives, `${name}.${newTag()}`);
  try {
    await writeFile(draft, signature, { mode: 0o600 });
    await rename(draft, join(archives, name));
  } finally {
    await rm(draft, { force: true });
  }
}

function notProven({ version }: Release, url: URL, proof: Proof) {
  const lacks =
    proof.by === 'signature' ? 'is not signed by the key of that release' : `has another SHA-256 than ${proof.sha256}`;
  const message = `The archive ${url.href} of release ${version} ${lacks}. It was deleted; nothing was unpacked.`;
  return failure('SignatureInvalid', message);
}

/** Unpacks beside the place where it belongs, looks at it, and moves it there in one step. */
async function unpack(request: FetchRequest, place: Place, archive: ProvenArchive, dir: string): Promise<void> {
  const { release, signal } = request;
  await sweep(place.releases, '.unpacking');
  const draft = join(place.releases, `.unpacking.${newTag()}`);
  try {
    await mkdir(draft, { mode: 0o700 });
    const folder = `istio-${release.version}`;
    await unpackInto({ handle: archive.handle, file: place.file, folder, dir: draft, signal });
    if (!(await isRight(request, draft))) throw invalid(`its istioctl does not say that it is ${release.version}`);
    await moveTo(draft, dir, () => isRight(request, dir));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Another process may have been faster: what it put there is as good, unless somebody has damaged it. */
async function moveTo(draft: string, dir: string, isRightThere: () => Promise<boolean>): Promise<void> {
  try {
    await rename(draft, dir);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if (await isRightThere().catch(() => false)) return;
    await rm(dir, { recursive: true, force: true });
    await rename(draft, dir);
  }
}

/** Whether the istioctl of an unpacked release is there and says the version that it should. */
async function isRight(request: FetchRequest, dir: string): Promise<boolean> {
  const { release, signal } = request;
  const istioctl = istioctlIn(request, dir);
  const found = await stat(istioctl).catch(() => null);
  if (found?.isFile() !== true || found.size === 0) throw invalid(`it holds no ${istioctl.slice(dir.length + 1)}`);
  if (!isForHere(request)) return true;
  const { exitCode, stdout } = await runCommand({
    file: istioctl,
    args: ['version', '--remote=false'],
    signal,
    timeoutMs: 30_000,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw invalid(`its istioctl does not run: ${(error as Error).message}`);
  });
  return exitCode === 0 && stdout.split(/[\s",:]+/).includes(release.version);
}

function isForHere({ platform }: FetchRequest): boolean {
  return platform === process.platform;
}

function istioctlIn({ platform }: FetchRequest, dir: string): string {
  return join(dir, 'bin', platform === 'win32' ? 'istioctl.exe' : 'istioctl');
}
