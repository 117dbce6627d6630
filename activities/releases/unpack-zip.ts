import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromFdPromise, type Entry, type ZipFile } from 'yauzl';
import { invalid, type Guard } from './unpack-guard.js';

/** Where Unix keeps the kind of a file in its mode (inode(7)). */
const KIND_BITS = 0o170000;
const KINDS: Readonly<Record<number, string>> = { 0o100000: 'file', 0o040000: 'folder', 0o120000: 'SymbolicLink' };

/** Shows every entry of a zip file to the guard, and stops at the first that it refuses. */
export async function checkZip(handle: FileHandle, guard: Guard, signal: AbortSignal): Promise<void> {
  for await (const entry of entriesOf(await openZip(handle), signal)) guard.admit(found(entry));
}

/** Unpacks what the guard admits, without the name of the top folder, into an empty folder. */
export async function unpackZip(
  handle: FileHandle,
  dir: string,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): Promise<void> {
  const zip = await openZip(handle);
  for await (const entry of entriesOf(zip, signal)) {
    const place = guard.admit(found(entry));
    if (place === null) continue;
    const target = join(dir, place);
    if (kindOf(entry) === 'folder') {
      await mkdir(target, { recursive: true });
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    // Never through something that is there already: an archive that names a file twice is refused.
    const file = await open(target, 'wx', isExecutable(entry, place) ? 0o755 : 0o644);
    try {
      // Both are open before a stream is made: one that fails while nobody listens would end the process.
      await pipeline(await zip.openReadStreamPromise(entry), file.createWriteStream(), { signal });
    } finally {
      await file.close();
    }
  }
}

/** Sizes are validated by the library while it decompresses: an entry that holds more than it announces is an error. */
async function openZip(handle: FileHandle): Promise<ZipFile> {
  return fromFdPromise(handle.fd, { autoClose: false, strictFileNames: true, validateEntrySizes: true });
}

async function* entriesOf(zip: ZipFile, signal: AbortSignal): AsyncGenerator<Entry> {
  for await (const entry of zip.eachEntry()) {
    signal.throwIfAborted();
    if (entry.isEncrypted()) throw invalid(`its entry ${JSON.stringify(entry.fileName)} is encrypted`);
    yield entry;
  }
}

function found(entry: Entry) {
  return { path: entry.fileName, kind: kindOf(entry), size: entry.uncompressedSize };
}

/** In a zip file a folder is a name with a slash at its end; one that was made on Windows knows no other kinds. */
function kindOf(entry: Entry): string {
  const bits = modeOf(entry) & KIND_BITS;
  const kind = bits === 0 ? 'file' : (KINDS[bits] ?? `special file (${bits.toString(8)})`);
  return kind === 'file' && entry.fileName.endsWith('/') ? 'folder' : kind;
}

function isExecutable(entry: Entry, place: string): boolean {
  return place.startsWith('bin/') || (modeOf(entry) & 0o100) !== 0;
}

function modeOf({ externalFileAttributes }: Entry): number {
  return externalFileAttributes >>> 16;
}
