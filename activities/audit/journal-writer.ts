import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncNames } from '../../settings/private-file.js';
import { createNumbering, MENDING, readJournalFile, toLines, type NewEntry, type Numbering } from './journal-file.js';

/** What the writer knows of a file that it has written or read before. */
interface Known {
  readonly numbering: Numbering;
  /** Bytes that it has read. */
  bytes: number;
}

/** Appends to one journal file, in the order of the calls. */
export type JournalWriter = (entries: readonly NewEntry[]) => Promise<void>;

/**
 * A writer beside which others may write: each appends whole entries in one piece, none ever cuts the file, and what two
 * have written under one key counts once, where it stands first.
 */
export function createJournalWriter(file: string): JournalWriter {
  const known: Known = { numbering: createNumbering(), bytes: 0 };
  let waiting: NewEntry[] = [];
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;

  const append = async (entries: readonly NewEntry[]): Promise<void> => {
    const torn = await catchUp(file, known);
    const fresh = entries.filter(({ key }) => !known.numbering.has(key));
    if (fresh.length > 0) await appendDurably(file, `${torn ? MENDING : ''}${toLines(fresh)}`);
  };

  return (entries) => {
    waiting.push(...entries);
    // All that comes while the disk is busy is made safe together: hundreds of workloads tell of themselves at once.
    next ??= last.then(() => {
      const together = waiting;
      [waiting, next] = [[], null];
      const mine = append(together);
      // A failed append is its callers', not the next one's.
      last = mine.catch(() => undefined);
      return mine;
    });
    return next;
  };
}

/** Reads what stands there since the last look. @returns whether the end is torn */
async function catchUp(file: string, known: Known): Promise<boolean> {
  const { entries, wholeBytes, bytes } = await readJournalFile(file, known.bytes);
  known.numbering.number(entries);
  known.bytes += wholeBytes;
  return bytes > wholeBytes;
}

/** Resolves when the text will survive a loss of power. @throws Error when the disk takes only a part of it */
async function appendDurably(file: string, text: string): Promise<void> {
  const isNew = await isMissing(file);
  if (isNew) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    const content = Buffer.from(text);
    // One call: the system puts it behind whatever others have appended, in one piece.
    const { bytesWritten } = await handle.write(content);
    if (bytesWritten < content.length) throw new Error(`the disk took ${bytesWritten} of ${content.length} bytes`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  // A new file is only there for good when its folder says so, and the folder's folder.
  if (isNew) syncNames(file);
}

async function isMissing(file: string): Promise<boolean> {
  return stat(file).then(
    () => false,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    },
  );
}
