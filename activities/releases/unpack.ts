import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, list, type ReadEntry } from 'tar';
import { failure } from '../failure.js';

const MAX_ENTRIES = 20_000;
const MAX_BYTES = 2 * 1024 ** 3;
const FILES_AND_FOLDERS = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory']);

/**
 * Checks every entry of a proven archive. The signature says who made it, not that it is harmless where it is unpacked.
 * @throws ArchiveInvalid with a sentence that names the first wrong entry
 */
export async function checkEntries(handle: FileHandle, folder: string, signal: AbortSignal): Promise<void> {
  let problem: string | null = null;
  let entries = 0;
  let bytes = 0;
  const look = (entry: ReadEntry) => {
    entries++;
    bytes += entry.size;
    if (entries > MAX_ENTRIES || bytes > MAX_BYTES) problem ??= 'it holds more than any release';
    problem ??= whatIsWrong(entry, folder);
  };
  await run(handle, list({ strict: true, onReadEntry: look }), signal);
  if (entries === 0) problem = 'it holds nothing';
  if (problem !== null) throw invalid(problem);
}

/** Unpacks the one top folder of an archive, without its name, into an empty folder. @throws ArchiveInvalid */
export async function unpackInto(handle: FileHandle, dir: string, signal: AbortSignal): Promise<void> {
  await run(handle, extract({ cwd: dir, strip: 1, strict: true, preserveOwner: false }), signal);
}

/** A failure with what is wrong with the archive. */
export function invalid(why: string) {
  return failure('ArchiveInvalid', `The release archive is not what it should be: ${why}.`);
}

function whatIsWrong(entry: ReadEntry, folder: string): string | null {
  const { path, type } = entry;
  const target = posix.normalize(path).replace(/\/$/, '');
  if (path.includes('\\') || posix.isAbsolute(path) || path.split('/').includes('..'))
    return `its entry "${path}" leads out of it`;
  if (target !== folder && !target.startsWith(`${folder}/`)) return `its entry "${path}" is not in ${folder}/`;
  if (FILES_AND_FOLDERS.has(type)) return null;
  if (type !== 'SymbolicLink') return `its entry "${path}" is a ${type}, neither a file nor a folder`;
  return staysInside(target, entry.linkpath ?? '', folder) ? null : `its link "${path}" leads out of it`;
}

function staysInside(link: string, to: string, folder: string): boolean {
  const target = posix.join(posix.dirname(link), to);
  return !posix.isAbsolute(to) && target.startsWith(`${folder}/`);
}

async function run(handle: FileHandle, parser: ReturnType<typeof list>, signal: AbortSignal): Promise<void> {
  try {
    // node-tar's parsers are written to like any stream, but are not declared as one.
    const sink = parser as unknown as NodeJS.WritableStream;
    await pipeline(handle.createReadStream({ start: 0, autoClose: false }), sink, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw invalid((error as Error).message);
  }
}
