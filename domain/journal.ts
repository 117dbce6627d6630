import type { PhaseName } from './run.js';
import type { WorkloadProgress } from './workload.js';

/** How an operation ended. `interrupted` marks one whose worker died before it could say. */
export type OperationOutcome = 'succeeded' | 'failed' | 'unchanged' | 'interrupted';

/** What stands in the journal of a run. Written before and after each mutating operation (invariant I4). */
export type JournalBody =
  | {
      /** The run's own transitions, written in order by the workflow. */
      readonly type: 'transition';
      readonly phase: PhaseName;
      readonly message: string;
    }
  | { readonly type: 'workload'; readonly progress: WorkloadProgress }
  | {
      readonly type: 'operationStarted';
      readonly operation: string;
      /** What a person would have typed, as an argument list. Redacted. */
      readonly argv: readonly string[];
      readonly mutating: boolean;
    }
  | {
      /** How far a long operation is; there may be any number of them, also none. */
      readonly type: 'operationProgress';
      readonly operation: string;
      /** For people: `12.3 of 45.6 MB (27 %)`. */
      readonly text: string;
    }
  | {
      readonly type: 'operationFinished';
      readonly operation: string;
      readonly outcome: OperationOutcome;
      /** Last lines of the output, redacted, 2,000 characters at most. */
      readonly tail: string;
    };

/** One entry: `id` counts from 1 without gaps and is the `id:` of the server-sent event. */
export interface JournalEntry {
  readonly id: number;
  readonly at: string;
  /** Unique within the run: an entry written again under the same key is dropped, so a retried activity writes once. */
  readonly key: string;
  readonly body: JournalBody;
}

/** One mutating or reading operation, folded from its entries. The answer of `GET .../operations`. */
export interface Operation {
  readonly id: string;
  readonly argv: readonly string[];
  readonly mutating: boolean;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: OperationOutcome | null;
  readonly tail: string;
  /** How far it had come when it last said so. */
  readonly progress?: string;
}
