import { open, readFile } from 'node:fs/promises';
import type { JournalEntry } from '../../domain/journal.js';

/** A journal as it stands on disk. */
export interface JournalContents {
  readonly entries: readonly JournalEntry[];
  /** Bytes up to the end of the last whole entry. */
  readonly wholeBytes: number;
  /** Bytes of the file: more than {@link wholeBytes} when a crash cut the last entry. */
  readonly bytes: number;
}

const EMPTY: JournalContents = { entries: [], wholeBytes: 0, bytes: 0 };

/**
 * Reads a journal. A torn end (of a process that was killed while it wrote, or of a machine that lost power) is left out.
 * @throws Error when an entry in the middle is damaged: the record must not be mended silently
 */
export async function readJournalFile(file: string): Promise<JournalContents> {
  const content = await readFile(file).catch(noSuchFile);
  return content === null ? EMPTY : parseJournal(content, file);
}

/** Reads the whole entries that begin at a byte; a torn end is left for the next time. */
export async function readJournalFrom(file: string, start: number): Promise<JournalContents> {
  const handle = await open(file, 'r').catch(noSuchFile);
  if (handle === null) return EMPTY;
  try {
    const { size } = await handle.stat();
    if (size <= start) return EMPTY;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return parseJournal(buffer.subarray(0, bytesRead), file);
  } finally {
    await handle.close();
  }
}

/** One entry as its line. */
export function toLine(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

function parseJournal(content: Buffer, file: string): JournalContents {
  const entries: JournalEntry[] = [];
  let wholeBytes = 0;
  let damaged: number | null = null;
  for (let start = 0; ;) {
    const end = content.indexOf(0x0a, start);
    if (end === -1) break;
    const entry = parseLine(content.toString('utf8', start, end));
    if (entry === null) damaged ??= start;
    else if (damaged !== null) throw new Error(`the journal ${file} is damaged at byte ${damaged}`);
    else {
      entries.push(entry);
      wholeBytes = end + 1;
    }
    start = end + 1;
  }
  return { entries, wholeBytes, bytes: content.length };
}

function parseLine(line: string): JournalEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<JournalEntry> | null;
    return typeof entry?.id === 'number' && typeof entry.key === 'string' ? (entry as JournalEntry) : null;
  } catch {
    return null;
  }
}

function noSuchFile(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
