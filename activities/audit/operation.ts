import { asyncLocalStorage } from '@temporalio/activity';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { FENCE_LEASE } from '../../domain/fence.js';
import type { JournalBody, OperationOutcome } from '../../domain/journal.js';
import { ISTIO_NAMESPACE } from '../../domain/names.js';
import type { RunRef } from '../contract.js';
import { tailOf } from '../exec-output.js';
import type { Fence } from '../fence/fence.js';
import { redactArgs } from '../redact.js';
import type { RunJournalStore } from './run-journal.js';

type Journal = Pick<RunJournalStore, 'append'>;

/** A journal together with the fence: whoever can record an operation cannot forget to look at it. */
export interface FencedJournal extends Journal {
  readonly fence: Fence;
}

/** What is about to be done. */
export interface OperationIntent {
  /** Names the operation within the run, for instance `label/shop/forward`: each try of it has the same id. */
  readonly id: string;
  /** What a person would have typed. */
  readonly argv: readonly string[];
  readonly mutating: boolean;
}

/** Says how far a long operation is. Too many words in too short a time are dropped, and so is what was said last. */
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
 * One that changes the cluster begins only while this run holds it (ADR 0008).
 * @throws what the work throws, after its failure is in the journal
 * @throws FencedOff, with no entry in the journal, when the run of another Meshlift holds the cluster
 */
export async function recordOperation<T>(
  journal: FencedJournal,
  run: RunRef,
  intent: OperationIntent,
  work: (report: ReportProgress) => Promise<OperationResult<T>>,
): Promise<T> {
  if (intent.mutating) await holdFence(journal, run);
  return recordFenceOperation(journal, run, intent, (report) =>
    intent.mutating ? changing.run(true, work, report) : work(report),
  );
}

/** Makes sure that the run holds its cluster, and takes it where nobody does. @throws FencedOff */
export async function holdFence(journal: FencedJournal, run: RunRef): Promise<void> {
  if (await journal.fence.isHeld(run)) return;
  await recordFenceOperation(journal, run, { id: 'hold-cluster', argv: HOLD_ARGV, mutating: true }, async () => ({
    outcome: (await journal.fence.acquire(run)) ? 'succeeded' : 'unchanged',
    value: undefined,
  }));
}

const HOLD_ARGV = ['kubectl', 'create', '-n', ISTIO_NAMESPACE, '-f', `(Lease ${FENCE_LEASE})`];

/** Set while a recorded operation that may change the cluster is at work. */
const changing = new AsyncLocalStorage<true>();

/** Whether the code that asks runs inside a recorded operation that may change the cluster. */
export function isInsideMutation(): boolean {
  return changing.getStore() === true;
}

/** Records what is done to the fence itself; for everything else there is {@link recordOperation}. */
export async function recordFenceOperation<T>(
  journal: Journal,
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
  let said = '';
  return (text) => {
    if (text === said || performance.now() - last < PROGRESS_PERIOD_MS) return;
    last = performance.now();
    said = text;
    written += 1;
    write(written, text).catch(() => undefined);
  };
}
