import type { RunState } from '../domain/run.js';
import { ApiProblem } from './client/problem.js';

/** What the process tells its caller; the table stands in docs/reference/cli.md. */
export const EXIT = {
  done: 0,
  error: 1,
  usage: 2,
  /** The run did not reach its goal: blocked, rolled back, rejected, cancelled; or a plan has a blocker. */
  failed: 3,
  /** The run waits for a promotion. */
  waiting: 4,
  timeout: 5,
  notAllowed: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown for input that is wrong by itself: nothing was sent, or whatever else the command would have done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What was not done, as the end of the sentence `Nothing was ...`. */
  readonly undone: string;

  constructor(message: string, undone = 'sent') {
    super(message);
    this.undone = undone;
  }
}

/** What the state of a run means for the one who waited for it. A run under way is no failure. */
export function exitCodeOfState({ phase }: Pick<RunState, 'phase'>): ExitCode {
  switch (phase.name) {
    case 'awaitingPromotion':
      return EXIT.waiting;
    case 'blocked':
      return phase.obstacle.reason === 'PromotionTimedOut' ? EXIT.timeout : EXIT.failed;
    case 'rollbackBlocked':
    case 'rolledBack':
    case 'rejected':
    case 'cancelled':
      return EXIT.failed;
    default:
      return EXIT.done;
  }
}

/** What a failure of the command itself means. */
export function exitCodeOfError(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof Error)) return EXIT.error;
  if (error.name === 'TimeoutError') return EXIT.timeout;
  if (error.name === 'AbortError') return EXIT.interrupted;
  return error instanceof ApiProblem ? exitCodeOfProblem(error) : EXIT.error;
}

function exitCodeOfProblem({ problem }: ApiProblem): ExitCode {
  if (problem.status === 401 || problem.status === 403) return EXIT.notAllowed;
  return problem.code === 'NoAnswerInTime' || problem.status === 408 || problem.status === 504
    ? EXIT.timeout
    : EXIT.error;
}
