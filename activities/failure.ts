import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, type FailureReason } from '../domain/failures.js';

/**
 * A failure with a word of `domain/failures.ts`: Temporal tries again only what can heal by itself.
 * @param message a sentence that names cluster, namespace and workload
 */
export function failure(reason: FailureReason, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: reason,
    message,
    nonRetryable: FAILURES[reason].meaning !== 'retry',
    ...(details.length > 0 ? { details } : {}),
  });
}

/** Whether an error is a failure of that reason. */
export function isFailure(error: unknown, reason: FailureReason): boolean {
  return error instanceof ApplicationFailure && error.type === reason;
}
