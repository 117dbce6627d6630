import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/common';
import { FAILURES, isFailureReason } from '../domain/failures.js';
import type { Obstacle } from '../domain/run.js';

/** What stopped a step, for people: the reason word of the failure underneath, its sentence, and what to do. */
export function obstacleOf(error: unknown): Obstacle {
  const cause = rootOf(error);
  const word = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  const reason = isFailureReason(word) ? word : 'Internal';
  return { reason, message: sentenceOf(cause, error), remedy: FAILURES[reason].nextStep };
}

/** The commands that a failure gives for what only a person can do; none when it gives none. */
export function commandsIn(error: unknown): readonly string[] {
  const cause = rootOf(error);
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  const { commands } = (details ?? {}) as { readonly commands?: readonly string[] };
  return commands ?? [];
}

/** The failure that an activity or a child workflow ended with, without the wrapping. */
function rootOf(error: unknown): unknown {
  const wrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return wrapped && error.cause !== undefined ? rootOf(error.cause) : error;
}

function sentenceOf(cause: unknown, error: unknown): string {
  if (cause instanceof TimeoutFailure) {
    const what = error instanceof ActivityFailure ? error.activityType : 'A step';
    return `${what} did not answer in time, although it was tried again.`;
  }
  return cause instanceof Error ? cause.message : String(cause);
}
