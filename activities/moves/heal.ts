import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as delay } from 'node:timers/promises';

/** With the waits below it is tried for a quarter of an hour, because each try lasts half a minute itself. */
const MOST_TRIES = 25;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;

/**
 * Does a piece of work again while it fails by what heals by itself, as Temporal would do with an activity of its own.
 * @throws the failure when it does not heal in time: then nobody need try it again
 */
export async function untilHealed<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApplicationFailure) || error.nonRetryable === true) throw error;
      if (tries === MOST_TRIES) throw ApplicationFailure.nonRetryable(error.message, error.type ?? undefined);
      await delay(Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS), undefined, { signal });
    }
  }
}
