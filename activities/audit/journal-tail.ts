import { existsSync, watch, type FSWatcher } from 'node:fs';
import type { JournalEntry } from '../../domain/journal.js';
import { createNumbering, readJournalFile } from './journal-file.js';

/** File systems that tell nothing of changes are looked at so often. */
const POLL_MS = 500;

/** One journal that somebody follows. */
interface Tail {
  /** All of the journal, as far as it is read: the number of an entry is its place, from 1. */
  readonly entries: JournalEntry[];
  /** Wakes each who follows it. */
  readonly followers: Set<() => void>;
  /** Aborted when nobody follows it any more. */
  readonly left: AbortController;
  /** Why it cannot be read any further. */
  failure: Error | null;
}

/** The entries of a file after a number, and each further one when it comes. Ends when the signal aborts. */
export type FollowJournal = (file: string, afterId: number, signal: AbortSignal) => AsyncGenerator<JournalEntry>;

/**
 * Follows journal files. All who follow the same file share what was read of it: a thousand readers of a page cost one
 * watch and one copy of the journal. The last who leaves takes both along.
 */
export function createJournalTails(): FollowJournal {
  const tails = new Map<string, Tail>();

  const open = (file: string): Tail => {
    const tail: Tail = { entries: [], followers: new Set(), left: new AbortController(), failure: null };
    tails.set(file, tail);
    readOn(file, tail).catch((error: unknown) => {
      tail.failure = error as Error;
      forget(file, tail);
      wakeAll(tail);
    });
    return tail;
  };
  const forget = (file: string, tail: Tail) => {
    tail.left.abort();
    if (tails.get(file) === tail) tails.delete(file);
  };

  return async function* follow(file, afterId, signal) {
    let wake: () => void = () => undefined;
    const ring = () => wake();
    const tail = tails.get(file) ?? open(file);
    tail.followers.add(ring);
    signal.addEventListener('abort', ring, { once: true });
    try {
      for (let read = afterId; !signal.aborted;) {
        const entry = tail.entries[read];
        if (entry !== undefined) {
          read += 1;
          yield entry;
        } else if (tail.failure !== null) {
          throw tail.failure;
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', ring);
      tail.followers.delete(ring);
      if (tail.followers.size === 0) forget(file, tail);
    }
  };
}

function wakeAll({ followers }: Tail): void {
  followers.forEach((wake) => wake());
}

/** Reads the file on and on, until nobody follows it. @throws Error when it cannot be read */
async function readOn(file: string, tail: Tail): Promise<void> {
  const { entries, left } = tail;
  const bell = createBell(file, left.signal);
  const numbering = createNumbering();
  try {
    for (let start = 0; !left.signal.aborted;) {
      const rung = bell.next();
      const { entries: more, wholeBytes } = await readJournalFile(file, start);
      start += wholeBytes;
      for (const entry of numbering.number(more)) entries.push(entry);
      if (more.length > 0) wakeAll(tail);
      if (wholeBytes === 0) await rung;
    }
  } finally {
    bell.close();
  }
}

interface Bell {
  /** Resolves at the next change of the file, at the latest after {@link POLL_MS}. */
  next(): Promise<void>;
  close(): void;
}

function createBell(file: string, signal: AbortSignal): Bell {
  let ring: () => void = () => undefined;
  let watcher: FSWatcher | null = null;
  const onAbort = () => ring();
  signal.addEventListener('abort', onAbort, { once: true });
  const listen = () => {
    if (watcher !== null || !existsSync(file)) return;
    try {
      watcher = watch(file, () => ring()).on('error', () => undefined);
    } catch {
      // The system watches no more files than it was set up for: the poll is enough.
    }
  };
  return {
    next() {
      listen();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        ring = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal.aborted) ring();
      });
    },
    close() {
      ring();
      watcher?.close();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
