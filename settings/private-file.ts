import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file so that a reader sees the old or the new one, never a part. Only its owner may read it; when this returns it
 * survives a loss of power. Folders that are missing are made.
 */
export function replacePrivateFile(file: string, content: string | Uint8Array): void {
  throughDraft(file, content, (draft) => renameSync(draft, file));
}

/**
 * Makes a file that must not be there yet, whole from its first instant, and otherwise like {@link replacePrivateFile}.
 * @returns false when it is there already
 */
export function createPrivateFile(file: string, content: string | Uint8Array): boolean {
  try {
    // A link, unlike a rename, never replaces: of two that try, one is told no.
    throughDraft(file, content, (draft) => linkSync(draft, file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The text of a file; null when there is none. */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The last characters of a log, for a message; empty when there is no log. */
export function tailOf(file: string, characters = 2_000): string {
  return (readIfThere(file) ?? '').slice(-characters).trimEnd();
}

/** Makes the names in the folder of a file survive a loss of power, and the name of that folder. */
export function syncNames(file: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }
}

function throughDraft(file: string, content: string | Uint8Array, name: (draft: string) => void): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}.draft`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    name(draft);
  } finally {
    rmSync(draft, { force: true });
  }
  syncNames(file);
}
