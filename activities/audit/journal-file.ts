import { open } from 'node:fs/promises';
import type { JournalBody, JournalEntry } from '../../domain/journal.js';

/** An entry as it stands in the file: its number is its place among those of different keys. */
export interface NewEntry {
  readonly key: string;
  readonly at: string;
  readonly body: JournalBody;
}

/** A stretch of a journal as it stands on disk. */
export interface JournalContents {
  readonly entries: readonly NewEntry[];
  /** Bytes of the stretch up to the end of its last whole line. */
  readonly wholeBytes: number;
  /** Bytes of the stretch: more than {@link wholeBytes} when a crash cut the last entry, or somebody is writing it. */
  readonly bytes: number;
}

const EMPTY: JournalContents = { entries: [], wholeBytes: 0, bytes: 0 };
/** What a writer puts behind a torn end, so that it is not taken for damage: nobody cuts a file that others append to. */
const MENDED = '{"mended":true}';
export const MENDING = `\n${MENDED}\n`;

/**
 * Reads the whole entries that begin at a byte or later. A torn end (of a process that was killed while it wrote, or of a
 * machine that lost power) is left out.
 * @throws Error when an entry in the middle is damaged: the record must not be mended silently
 */
export async function readJournalFile(file: string, start = 0): Promise<JournalContents> {
  const handle = await open(file, 'r').catch(noSuchFile);
  if (handle === null) return EMPTY;
  try {
    const { size } = await handle.stat();
    if (size <= start) return EMPTY;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return parseJournal(buffer.subarray(0, bytesRead), file, start);
  } finally {
    await handle.close();
  }
}

/** Entries as the lines to append. */
export function toLines(entries: readonly NewEntry[]): string {
  return entries.map(({ key, at, body }) => `${JSON.stringify({ key, at, body })}\n`).join('');
}

/** Gives entries their numbers, in the order of the file, from 1 without gaps; one whose key was there before is dropped. */
export interface Numbering {
  readonly has: (key: string) => boolean;
  number(entries: readonly NewEntry[]): JournalEntry[];
}

/** A numbering that has seen nothing yet. */
export function createNumbering(): Numbering {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    number: (entries) =>
      entries.flatMap((entry) => (keys.has(entry.key) ? [] : [{ id: keys.add(entry.key).size, ...entry }])),
  };
}

function parseJournal(content: Buffer, file: string, offset: number): JournalContents {
  const entries: NewEntry[] = [];
  let wholeBytes = 0;
  let damaged: number | null = null;
  for (let start = 0; ;) {
    const end = content.indexOf(0x0a, start);
    if (end === -1) break;
    const line = content.toString('utf8', start, end);
    const entry = line === MENDED ? 'mended' : parseLine(line);
    if (entry === null) damaged ??= line === '' ? null : start;
    else if (entry === 'mended') damaged = null;
    else if (damaged === null) entries.push(entry);
    else throw new Error(`the journal ${file} is damaged at byte ${offset + damaged}`);
    start = end + 1;
    if (damaged === null) wholeBytes = start;
  }
  return { entries, wholeBytes, bytes: content.length };
}

function parseLine(line: string): NewEntry | null {
  try {
    const { key, at, body } = JSON.parse(line) as Partial<NewEntry>;
    return typeof key === 'string' && at !== undefined && body !== undefined ? { key, at, body } : null;
  } catch {
    return null;
  }
}

function noSuchFile(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
