import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';

/** Writes a file so that a reader sees the old or the new one, never a part. Only its owner may read it. */
export function replacePrivateFile(file: string, text: string): void {
  const draft = writeDraft(file, text);
  renameSync(draft, file);
}

/** Makes a file that must not be there yet, whole from its first instant. @returns false when it is there already */
export function createPrivateFile(file: string, text: string): boolean {
  const draft = writeDraft(file, text);
  try {
    // A link, unlike a rename, never replaces: of two that try, one is told no.
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
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

function writeDraft(file: string, text: string): string {
  const draft = `${file}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return draft;
}
