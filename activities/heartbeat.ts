import { setMaxListeners } from 'node:events';
import { activityInfo, Context } from '@temporalio/activity';

const PERIOD_MS = 1_000;

/**
 * Runs a piece of work while Temporal is told that it goes on: only so does a cancellation arrive, and only so is a dead
 * worker noticed soon.
 * @throws what the work throws; the cancellation itself when the work was cut short by it
 */
export async function heartbeating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  // Every workload that is waited for listens to it, and Node takes more than ten for a leak.
  setMaxListeners(0, context.cancellationSignal);
  const timer = setInterval(() => context.heartbeat(), PERIOD_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // Whatever an aborted call threw: to Temporal it must be the cancellation.
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Whether this is no try after a crash: then a person has ordered what is done, for the first time or by `retry`. */
export function isFirstTry(): boolean {
  return activityInfo().attempt === 1;
}
