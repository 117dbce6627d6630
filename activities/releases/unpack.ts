import { ApplicationFailure } from '@temporalio/common';
import type { FileHandle } from 'node:fs/promises';
import { asDiskFull } from './disk-full.js';
import { createGuard, invalid } from './unpack-guard.js';
import { checkTar, unpackTar } from './unpack-tar.js';
import { checkZip, unpackZip } from './unpack-zip.js';

/** What is unpacked, and where to. */
export interface Unpacking {
  /** Open archive, which was proven. */
  readonly handle: FileHandle;
  /** Name of the archive; its ending tells the format. */
  readonly file: string;
  /** The one top folder that it must hold. */
  readonly folder: string;
  /** An empty folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/** What the system says when two entries want the same place, or one wants a name that cannot be. */
const NAME_PROBLEMS = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL'];

/**
 * Looks at every entry of a proven archive, and only when all of them are harmless unpacks what a run needs of it:
 * `bin/`, `manifests/` and `samples/`, without the name of the top folder.
 * @throws ArchiveInvalid with a sentence that names the first wrong entry; DiskFull
 */
export async function unpackInto({ handle, file, folder, dir, signal }: Unpacking): Promise<void> {
  const isZip = file.endsWith('.zip');
  const { size } = await handle.stat();
  const guard = () => createGuard(folder, size);
  try {
    const judge = guard();
    await (isZip ? checkZip : checkTar)(handle, judge, signal);
    judge.finish();
    await (isZip ? unpackZip : unpackTar)(handle, dir, { guard: guard(), signal });
  } catch (error) {
    signal.throwIfAborted();
    throw asArchiveFailure(error, dir);
  }
}

function asArchiveFailure(error: unknown, dir: string): unknown {
  const known = asDiskFull(error, dir);
  if (known instanceof ApplicationFailure) return known;
  const { code = '', syscall, path = '', message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return invalid(message);
  return NAME_PROBLEMS.includes(code) ? invalid(`${path.replace(dir, '')} cannot be laid down: ${code}`) : error;
}
