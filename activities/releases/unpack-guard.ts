import { posix } from 'node:path';
import { failure } from '../failure.js';

/** How much an archive may hold. */
export interface UnpackLimits {
  readonly entries: number;
  /** Unpacked, in bytes. */
  readonly bytes: number;
  /** Unpacked bytes per byte of the archive. */
  readonly ratio: number;
}

/** A real release has about 1,000 entries, 150 MB, and unpacks to four times its size. */
export const UNPACK_LIMITS: UnpackLimits = { entries: 20_000, bytes: 1024 ** 3, ratio: 100 };

/** So much does no harm, however well it was compressed. */
const HARMLESS_BYTES = 1024 ** 2;

/** What a run needs of a release. Licences, tools and the like stay in the archive. */
const NEEDED = new Set(['bin', 'manifests', 'samples']);

/** One entry, as the headers of an archive announce it. */
export interface FoundEntry {
  readonly path: string;
  /** Anything but `file` and `folder` is refused; it says what it is. */
  readonly kind: string;
  /** Bytes when it is unpacked. */
  readonly size: number;
}

/** Judges the entries of one archive, one after the other. */
export interface Guard {
  /**
   * @returns the path below the release's own folder, or null for what is not needed
   * @throws ArchiveInvalid with a sentence that names the entry
   */
  admit(entry: FoundEntry): string | null;
  /** Counts bytes that came out of the decompression, whatever the headers say. @throws ArchiveInvalid */
  count(bytes: number): void;
  /** @throws ArchiveInvalid when there was no entry at all */
  finish(): void;
}

/**
 * The signature says who made an archive, not that it is harmless where it is unpacked: no links of any kind, nothing
 * outside the one folder, and not more than {@link UnpackLimits}.
 * @param folder the one top folder that the archive must hold
 */
export function createGuard(folder: string, archiveBytes: number, limits: UnpackLimits = UNPACK_LIMITS): Guard {
  let entries = 0;
  let announced = 0;
  let unpacked = 0;

  const refuseTooMuch = (bytes: number): void => {
    if (bytes > limits.bytes) throw invalid(`it unpacks to more than ${limits.bytes} bytes, the most that is accepted`);
    if (bytes > HARMLESS_BYTES && bytes > limits.ratio * archiveBytes)
      throw invalid(`it unpacks to more than ${limits.ratio} times its own size, as no release does`);
  };

  return {
    admit(entry) {
      entries++;
      announced += entry.size;
      if (entries > limits.entries) throw invalid(`it holds more than ${limits.entries} entries`);
      refuseTooMuch(announced);
      return placeOf(entry, folder);
    },
    count(bytes) {
      unpacked += bytes;
      refuseTooMuch(unpacked);
    },
    finish() {
      if (entries === 0) throw invalid('it holds nothing');
    },
  };
}

/** A failure with what is wrong with the archive. */
export function invalid(why: string) {
  return failure('ArchiveInvalid', `The release archive is not what it should be: ${why}.`);
}

function placeOf({ path, kind }: FoundEntry, folder: string): string | null {
  const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}...` : path);
  if (leadsOut(path)) throw invalid(`its entry ${shown} leads out of it`);
  const [top, ...rest] = posix.normalize(path).replace(/\/$/, '').split('/');
  if (top !== folder) throw invalid(`its entry ${shown} is not in ${folder}/`);
  if (kind !== 'file' && kind !== 'folder')
    throw invalid(`its entry ${shown} is a ${kind}, neither a file nor a folder`);
  return NEEDED.has(rest[0] ?? '') ? rest.join('/') : null;
}

function leadsOut(path: string): boolean {
  return /[\\\0]/.test(path) || posix.isAbsolute(path) || path.split('/').includes('..');
}
