import { asyncLocalStorage } from '@temporalio/activity';
import { randomBytes } from 'node:crypto';
import type { JournalBody, OperationOutcome } from '../../domain/journal.js';
import type { RunRef } from '../contract.js';
import { tailOf } from '../exec-output.js';
import { redactArgs } from '../redact.js';
import type { RunJournalStore } from './run-journal.js';

/** What is about to be done. */
export interface OperationIntent {
  /** Names the operation within the run, for instance `label/shop/forward`: each try of it has the same id. */
  readonly id: string;
  /** What a person would have typed. */
  readonly argv: readonly string[];
  readonly mutating: boolean;
}

/** Says how far a long operation is. Too many words in too short a time are dropped. */
export type ReportProgress = (text: string) => void;

/** A line of progress costs a write to the disk: it comes this often at most. */
const PROGRESS_PERIOD_MS = 2_000;

/** What came of it. */
export interface OperationResult<T> {
  readonly outcome: 'succeeded' | 'unchanged';
  /** Last lines of the output. */
  readonly tail?: string;
  readonly value: T;
}

/**
 * Does one operation with its entries in the journal: the first is safe on disk before the work begins, the second says how it ended (I4).
 * Each call makes entries of its own, numbered by the attempt of the activity: a try that a crash interrupted stays visible.
 * @throws what the work throws, after its failure is in the journal
 */
export async function recordOperation<T>(
  journal: Pick<RunJournalStore, 'append'>,
  run: RunRef,
  { id, argv, mutating }: OperationIntent,
  work: (report: ReportProgress) => Promise<OperationResult<T>>,
): Promise<T> {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  // A new execution of the activity counts its attempts from 1 again, and must not be taken for an old one.
  const operation = `${id}#${attempt}.${randomBytes(4).toString('hex')}`;
  const note = (step: string, body: JournalBody) =>
    journal.append(run.cluster, run.runId, [
      { key: `operation/${operation}/${step}`, at: new Date().toISOString(), body },
    ]);
  const finish = (outcome: OperationOutcome, output: string) =>
    note('finished', { type: 'operationFinished', operation, outcome, tail: tailOf(output) });

  await note('started', { type: 'operationStarted', operation, argv: redactArgs(argv), mutating });
  let result: OperationResult<T>;
  try {
    result = await work(
      reporter((nth, text) => note(`progress/${nth}`, { type: 'operationProgress', operation, text })),
    );
  } catch (error) {
    // The failure of the work counts more than one of the journal.
    await finish('failed', sayOf(error)).catch(() => undefined);
    throw error;
  }
  await finish(result.outcome, result.tail ?? '');
  return result.value;
}

/** The message of an error, after the last output of the program that it comes from. */
function sayOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { tail = '' } = error as { tail?: unknown };
  return typeof tail === 'string' && tail !== '' ? `${tail}\n${error.message}` : error.message;
}

/** Progress that cannot be written is no reason to stop. */
function reporter(write: (nth: number, text: string) => Promise<void>): ReportProgress {
  let written = 0;
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < PROGRESS_PERIOD_MS) return;
    last = performance.now();
    written += 1;
    write(written, text).catch(() => undefined);
  };
}
