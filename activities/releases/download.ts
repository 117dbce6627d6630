import { ApplicationFailure } from '@temporalio/common';
import { copyFile, open, readFile, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { downloadRefusal, type DownloadPolicy } from '../../settings/download-policy.js';
import { asDiskFull } from './disk-full.js';

/** How much of a download there is. */
export interface Progress {
  readonly received: number;
  /** Null when the server does not say. */
  readonly total: number | null;
}

export interface Download {
  readonly url: URL;
  /** Where archives may come from. */
  readonly policy: DownloadPolicy;
  readonly signal: AbortSignal;
  /** The largest file that is accepted. @default 1 GiB */
  readonly maxBytes?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** How long the server may be silent. @default 60 seconds */
  readonly silenceMs?: number;
}

/** No release is larger; a server that sends without end must not fill the disk. */
const MAX_BYTES = 1024 ** 3;
const MAX_SMALL_BYTES = 64 * 1024;
const SILENCE_MS = 60_000;

/**
 * Downloads into a file, going on where the file ends.
 * @returns whether the file had a beginning already, which may be of something else
 * @throws DownloadFailed, DiskFull; what has arrived stays in the file
 */
export async function downloadFile(download: Download, file: string): Promise<{ readonly resumed: boolean }> {
  refuseOtherPlaces(download);
  const { maxBytes = MAX_BYTES } = download;
  if (download.url.protocol === 'file:') return copyLocal(download.url, file, maxBytes);
  const there = await sizeOf(file);
  return withSilenceLimit(download, async (signal, alive) => {
    const response = await request(download.url, signal, there > 0 ? { range: `bytes=${there}-` } : {});
    if (response.status === 416) return nothingMore(response, download.url, { file, there });
    const start = beginsAt(response, there);
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? start + length : null;
    const refuseTooLarge = (bytes: number) => {
      if (bytes > maxBytes) throw downloadFailed(download.url, `it is larger than ${maxBytes} bytes`, true);
    };
    refuseTooLarge(total ?? 0);
    const received = await append(response, { file, start }, (bytes) => {
      refuseTooLarge(bytes);
      alive();
      download.onProgress?.({ received: bytes, total });
    });
    if (total !== null && received !== total)
      throw downloadFailed(download.url, `it ended after ${received} of ${total} bytes`);
    return { resumed: start > 0 };
  });
}

/** Writes each piece before it waits for the next one: when the connection is cut, what was reported as received is in the file. */
async function append(
  response: Response,
  { file, start }: { readonly file: string; readonly start: number },
  onReceived: (bytes: number) => void,
): Promise<number> {
  const handle = await open(file, start > 0 ? 'a' : 'w', 0o600);
  let received = start;
  try {
    for await (const chunk of bodyOf(response)) {
      await handle.appendFile(chunk as Uint8Array).catch((error: unknown) => {
        throw asDiskFull(error, dirname(file));
      });
      received += (chunk as Uint8Array).length;
      onReceived(received);
    }
  } finally {
    await handle.close();
  }
  return received;
}

/** Downloads something small. @throws DownloadFailed */
export async function downloadSmall(download: Download): Promise<Buffer> {
  refuseOtherPlaces(download);
  if (download.url.protocol === 'file:') return readLocal(download.url);
  return withSilenceLimit(download, async (signal) => {
    const response = await request(download.url, signal, {});
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of bodyOf(response)) {
      chunks.push(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      if (bytes > MAX_SMALL_BYTES) throw downloadFailed(download.url, 'it is far larger than it should be', true);
    }
    return Buffer.concat(chunks);
  });
}

async function request(url: URL, signal: AbortSignal, headers: Record<string, string>): Promise<Response> {
  // Compressed once more on the way, lengths and ranges would mean something else.
  // Followed by hand, that is not at all: fetch's own `redirect: 'error'` would not say where to.
  const redirect = 'manual';
  const response = await fetch(url, { signal, redirect, headers: { 'accept-encoding': 'identity', ...headers } });
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  if (response.status >= 300 && response.status < 400) {
    const to = response.headers.get('location') ?? 'nowhere';
    throw downloadFailed(url, `the server redirects to ${to}, and redirects are not followed`, true);
  }
  const passes = response.status >= 500 || response.status === 408 || response.status === 429;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw downloadFailed(url, `the server answered ${response.status}`, !passes, seconds);
}

/** Runs a transfer that ends when the caller cancels it or when the server falls silent. */
async function withSilenceLimit<T>(
  { url, signal, silenceMs = SILENCE_MS }: Download,
  transfer: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  const timer = setTimeout(() => stop.abort(new Error(`no byte came for ${silenceMs / 1000} s`)), silenceMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await transfer(stop.signal, () => void timer.refresh());
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApplicationFailure) throw error;
    throw downloadFailed(url, reasonOf(stop.signal.aborted ? stop.signal.reason : error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The answer when nothing lies behind the end of the file: either all of it is there, or it was another file. */
async function nothingMore(response: Response, url: URL, { file, there }: { file: string; there: number }) {
  await response.body?.cancel();
  if (response.headers.get('content-range') === `bytes */${there}`) return { resumed: true };
  await truncate(file, 0);
  throw downloadFailed(url, 'the server has less than was fetched before; the next try begins anew');
}

/** Where the body of an answer belongs: a server may ignore the range and send everything. */
function beginsAt(response: Response, asked: number): number {
  if (response.status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? asked : Number(start);
}

function bodyOf(response: Response): Readable {
  return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
}

async function copyLocal(url: URL, file: string, maxBytes: number): Promise<{ readonly resumed: boolean }> {
  try {
    await checkLocal(url, maxBytes);
    await copyFile(fileURLToPath(url), file);
  } catch (error) {
    throw notCopied(url, asDiskFull(error, dirname(file)));
  }
  return { resumed: false };
}

async function readLocal(url: URL): Promise<Buffer> {
  try {
    await checkLocal(url, MAX_SMALL_BYTES);
    return await readFile(fileURLToPath(url));
  } catch (error) {
    throw notCopied(url, error);
  }
}

/** A mirror is a folder of files; a pipe or a device would be read for ever. */
async function checkLocal(url: URL, maxBytes: number): Promise<void> {
  const found = await stat(fileURLToPath(url));
  if (!found.isFile()) throw downloadFailed(url, 'it is no plain file', true);
  if (found.size > maxBytes) throw downloadFailed(url, `it is larger than ${maxBytes} bytes`, true);
}

function notCopied(url: URL, error: unknown): unknown {
  return error instanceof ApplicationFailure ? error : downloadFailed(url, reasonOf(error), true);
}

function refuseOtherPlaces({ url, policy }: Download): void {
  const refusal = downloadRefusal(url, policy);
  if (refusal !== null) throw downloadFailed(url, refusal, true);
}

function downloadFailed(url: URL, why: string, forGood = false, retrySeconds = Number.NaN): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'DownloadFailed',
    message: `${url.href} could not be downloaded: ${why}.`,
    // A file that is not there will not be there in a minute.
    nonRetryable: forGood,
    ...(retrySeconds > 0 ? { nextRetryDelay: retrySeconds * 1000 } : {}),
  });
}

/** fetch says "fetch failed" and hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
