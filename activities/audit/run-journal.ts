import { join } from 'node:path';
import { clusterIdSchema } from '../../domain/names.js';
import type { JournalEntry, Operation } from '../../domain/journal.js';
import { foldOperations } from './fold-operations.js';
import { createNumbering, readJournalFile, type NewEntry } from './journal-file.js';
import { createJournalTails } from './journal-tail.js';
import { createJournalWriter, type JournalWriter } from './journal-writer.js';

/**
 * The journal of each run (ADR 0002). Several processes of one machine may write and read it at the same time.
 * A run that has written nothing yet has an empty journal.
 */
export interface RunJournalStore {
  /** Appends what is new; an entry whose key stands there already is dropped. Resolves when it would survive a loss of power. */
  append(cluster: string, runId: string, entries: readonly NewEntry[]): Promise<void>;
  /** The entries after a number. */
  read(cluster: string, runId: string, afterId: number): Promise<readonly JournalEntry[]>;
  /** The entries after a number, and each further one when it comes. Ends when the signal aborts. */
  follow(cluster: string, runId: string, afterId: number, signal: AbortSignal): AsyncGenerator<JournalEntry>;
  /** Every operation of the run with its outcome. */
  operations(cluster: string, runId: string): Promise<readonly Operation[]>;
}

/** One name in a path. Temporal's run ids are UUIDs. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/**
 * Journals as JSON lines, one file per run: `<dir>/<cluster>/<runId>/journal.jsonl`.
 * @param options `dir` is made when it is needed, readable for its owner only
 */
export function createRunJournal({ dir }: { readonly dir: string }): RunJournalStore {
  const writers = new Map<string, JournalWriter>();
  const follow = createJournalTails();

  const fileOf = (cluster: string, runId: string): string => {
    if (!clusterIdSchema.safeParse(cluster).success) throw new RangeError(`"${cluster}" is no cluster id`);
    if (!RUN_ID.test(runId)) throw new RangeError(`"${runId}" is no run id`);
    return join(dir, cluster, runId, 'journal.jsonl');
  };
  const readAll = async (file: string): Promise<JournalEntry[]> =>
    createNumbering().number((await readJournalFile(file)).entries);
  const writerOf = (file: string): JournalWriter => {
    const writer = writers.get(file) ?? createJournalWriter(file);
    writers.set(file, writer);
    return writer;
  };

  return {
    append: async (cluster, runId, entries) => writerOf(fileOf(cluster, runId))(entries),
    async read(cluster, runId, afterId) {
      return (await readAll(fileOf(cluster, runId))).filter(({ id }) => id > afterId);
    },
    follow: (cluster, runId, afterId, signal) => follow(fileOf(cluster, runId), afterId, signal),
    async operations(cluster, runId) {
      return foldOperations(await readAll(fileOf(cluster, runId)));
    },
  };
}
