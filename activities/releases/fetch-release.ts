import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Release } from '../../domain/release.js';
import { runCommand } from '../exec.js';
import { failure } from '../failure.js';
import { claim, layDown, newTag, sweep } from './claims.js';
import { downloadFile, downloadSmall, type Progress } from './download.js';
import { checkEntries, invalid, unpackInto } from './unpack.js';
import { proveArchive, type ProvenArchive } from './verify.js';

export interface FetchRequest {
  readonly release: Release;
  readonly platform: NodeJS.Platform;
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
}

/**
 * Guide, step 3: gets the archive of a release for a platform, proves its signature over the archive's bytes, and only then unpacks it.
 * Archive and signature stay in the cache: a second call proves them again and downloads nothing. Several processes may share the cache.
 * @throws DownloadFailed, SignatureInvalid (nothing was unpacked), ArchiveInvalid
 */
export async function fetchReleaseArchive(request: FetchRequest): Promise<FetchedRelease> {
  const place = await placeOf(request);
  const archive = (await proveCached(request, place)) ?? (await download(request, place));
  try {
    const dir = join(place.releases, archive.digest);
    if (!(await isRight(request, dir).catch(() => false))) await unpack(request, place, archive, dir);
    return { digest: archive.digest, dir, istioctl: istioctlIn(dir) };
  } finally {
    await archive.handle.close();
  }
}

interface Place {
  /** `<cacheDir>/releases`: one folder per digest, and `archives`. */
  readonly releases: string;
  readonly archives: string;
  readonly file: string;
  readonly signature: string;
}

async function placeOf({ release, platform, cacheDir }: FetchRequest): Promise<Place> {
  if (platform === 'win32') throw invalid('it is a zip file, and workers on Windows are not supported yet');
  if (platform !== 'linux' && platform !== 'darwin')
    throw invalid(`release ${release.version} has none for ${platform}`);
  const file = release.archives[platform]?.file;
  if (file === undefined) throw invalid(`release ${release.version} has none for ${platform}`);
  if (!file.endsWith('.tar.gz')) throw invalid(`${file} is no .tar.gz file`);
  const releases = join(cacheDir, 'releases');
  const archives = join(releases, 'archives');
  await mkdir(archives, { recursive: true, mode: 0o700 });
  return { releases, archives, file, signature: `${file}${release.signatureSuffix}` };
}

/** The archive of an earlier call, if it is there and still what the key signed: key and mirror may have been changed since. */
async function proveCached({ release }: FetchRequest, place: Place): Promise<ProvenArchive | null> {
  try {
    const signature = await readFile(join(place.archives, place.signature));
    return await proveArchive(join(place.archives, place.file), signature, release.publicKey);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function download(request: FetchRequest, place: Place): Promise<ProvenArchive> {
  const { release, signal, heartbeat } = request;
  const partName = `${place.file}.part`;
  const part = await claim(place.archives, partName);
  const from = (file: string) => new URL(`${release.baseUrl.replace(/\/+$/, '')}/${file}`);
  const fetchProven = async () => {
    const progress = heartbeat === undefined ? {} : { onProgress: heartbeat };
    const { resumed } = await downloadFile({ url: from(place.file), signal, ...progress }, part);
    const signature = await downloadSmall({ url: from(place.signature), signal });
    return { resumed, signature, archive: await proveArchive(part, signature, release.publicKey) };
  };
  try {
    let fetched = await fetchProven();
    if (fetched.archive === null && fetched.resumed) {
      // The beginning may have been that of another file: before anything is said about the vendor's, all of it is fetched.
      await rm(part, { force: true });
      fetched = await fetchProven();
    }
    const { archive, signature } = fetched;
    if (archive === null) {
      await rm(part, { force: true });
      throw notSigned(release, from(place.file));
    }
    await keep(place, part, signature);
    return archive;
  } catch (error) {
    await layDown(part, place.archives, partName);
    throw error;
  }
}

async function keep(place: Place, part: string, signature: Buffer): Promise<void> {
  const draft = join(place.archives, `${place.signature}.${newTag()}`);
  await writeFile(draft, signature, { mode: 0o600 });
  await rename(draft, join(place.archives, place.signature));
  await rename(part, join(place.archives, place.file));
}

function notSigned({ version }: Release, url: URL) {
  const message = `The archive ${url.href} of release ${version} is not signed by the key of that release. It was deleted; nothing was unpacked.`;
  return failure('SignatureInvalid', message);
}

/** Unpacks beside the place where it belongs, looks at it, and moves it there in one step. */
async function unpack(request: FetchRequest, place: Place, archive: ProvenArchive, dir: string): Promise<void> {
  const { release, signal } = request;
  await sweep(place.releases, '.unpacking');
  const draft = join(place.releases, `.unpacking.${newTag()}`);
  try {
    await checkEntries(archive.handle, `istio-${release.version}`, signal);
    await mkdir(draft, { mode: 0o700 });
    await unpackInto(archive.handle, draft, signal);
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

/** Whether the istioctl of an unpacked release runs and says the version that it should. */
async function isRight({ release, signal }: FetchRequest, dir: string): Promise<boolean> {
  const { exitCode, stdout } = await runCommand({
    file: istioctlIn(dir),
    args: ['version', '--remote=false'],
    signal,
    timeoutMs: 30_000,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw invalid(`its istioctl does not run: ${(error as Error).message}`);
  });
  return exitCode === 0 && stdout.split(/[\s",:]+/).includes(release.version);
}

function istioctlIn(dir: string): string {
  return join(dir, 'bin', 'istioctl');
}
