import type { FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, list, type ReadEntry } from 'tar';
import { invalid, type Guard } from './unpack-guard.js';

const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);

/** Shows every entry of a `.tar.gz` to the guard, and stops at the first that it refuses. */
export async function checkTar(handle: FileHandle, guard: Guard, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const look = (entry: ReadEntry) => {
    try {
      guard.admit(found(entry));
    } catch (error) {
      stop.abort(error);
    }
  };
  const until = AbortSignal.any([signal, stop.signal]);
  await run(handle, list({ strict: true, onReadEntry: look }), { guard, signal: until });
}

/** Unpacks what the guard admits, without the name of the top folder, into an empty folder. */
export async function unpackTar(
  handle: FileHandle,
  dir: string,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): Promise<void> {
  const options = {
    cwd: dir,
    strip: 1,
    strict: true,
    preserveOwner: false,
    filter: (_path: string, entry: unknown) => guard.admit(found(entry as ReadEntry)) !== null,
    // Whoever unpacks it runs it: no set-user-id bits, and nothing that others may write.
    onReadEntry: (entry: ReadEntry) => {
      entry.mode = entry.type === 'Directory' || ((entry.mode ?? 0) & 0o100) !== 0 ? 0o755 : 0o644;
    },
  };
  await run(handle, extract(options), { guard, signal });
}

function found({ path, type, size }: ReadEntry) {
  const kind = FILES.has(type) ? 'file' : type === 'Directory' ? 'folder' : type;
  return { path, kind, size };
}

/**
 * Decompresses by itself what node-tar would decompress too: so the bytes are counted where a bomb goes off.
 * node-tar's parsers are written to like any stream, but are not declared as one.
 */
async function run(
  handle: FileHandle,
  parser: ReturnType<typeof list>,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): Promise<void> {
  const sink = parser as unknown as NodeJS.WritableStream;
  const source = handle.createReadStream({ start: 0, autoClose: false });
  try {
    await pipeline(source, createGunzip(), counter(guard), sink, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function counter(guard: Guard): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        // node-tar would decompress a second time, behind the back of this counter.
        if (first && isCompressed(chunk)) throw invalid('it is compressed twice');
        first = false;
        guard.count(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** The first bytes of gzip and of Zstandard. */
function isCompressed(chunk: Buffer): boolean {
  return ['1f8b', '28b52ffd'].some((magic) => chunk.toString('hex', 0, 4).startsWith(magic));
}
