import { mkdir, open, stat, truncate, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JournalBody } from '../../domain/journal.js';
import { readJournalFile, toLine } from './journal-file.js';

/** An entry before the journal has given it a number. */
export interface NewEntry {
  readonly key: string;
  readonly at: string;
  readonly body: JournalBody;
}

/** What the writer knows of a file that it has written or read before. */
interface Known {
  readonly keys: Set<string>;
  lastId: number;
  bytes: number;
}

/** Appends to one journal file, one call after the other. */
export type JournalWriter = (entries: readonly NewEntry[]) => Promise<void>;

export function createJournalWriter(file: string): JournalWriter {
  let known: Known | null = null;
  let last: Promise<void> = Promise.resolve();

  const append = async (entries: readonly NewEntry[]): Promise<void> => {
    known = await upToDate(file, known);
    const fresh = withoutRepeats(entries, known.keys);
    if (fresh.length === 0) return;
    const { lastId } = known;
    const text = fresh.map((entry, index) => toLine({ id: lastId + index + 1, ...entry })).join('');
    try {
      await appendDurably(file, text);
    } catch (error) {
      // How much of it stands in the file is not known: look before the next append.
      known = null;
      throw error;
    }
    known.lastId += fresh.length;
    known.bytes += Buffer.byteLength(text);
    for (const { key } of fresh) known.keys.add(key);
  };

  return (entries) => {
    const mine = last.then(() => append(entries));
    // A failed append is its caller's, not the next one's.
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** What stands in the file, read again when somebody else has written it; a torn end is cut off. */
async function upToDate(file: string, known: Known | null): Promise<Known> {
  const size = await sizeOf(file);
  if (known?.bytes === size) return known;
  const { entries, wholeBytes, bytes } = await readJournalFile(file);
  if (bytes > wholeBytes) await truncate(file, wholeBytes);
  return { keys: new Set(entries.map(({ key }) => key)), lastId: entries.at(-1)?.id ?? 0, bytes: wholeBytes };
}

function withoutRepeats(entries: readonly NewEntry[], keys: ReadonlySet<string>): NewEntry[] {
  const byKey = new Map<string, NewEntry>();
  for (const entry of entries) if (!keys.has(entry.key) && !byKey.has(entry.key)) byKey.set(entry.key, entry);
  return [...byKey.values()];
}

/** Resolves when the text will survive a loss of power. */
async function appendDurably(file: string, text: string): Promise<void> {
  const isNew = (await sizeOf(file)) === null;
  if (isNew) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  // A new file is only there for good when its folder says so, and the folder's folder.
  if (isNew) for (const folder of [dirname(file), dirname(dirname(file))]) await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // Windows opens no folders.
    if (process.platform !== 'win32') throw error;
  } finally {
    await handle?.close();
  }
}

/** @returns null when there is no such file */
async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    },
  );
}
