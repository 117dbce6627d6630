import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import { FAILURES } from '../domain/failures.js';
import type { Activities } from '../activities/contract.js';

/** Failures that a person must mend: trying again at once would only delay telling them. */
const NOT_HEALING = Object.entries(FAILURES)
  .filter(([, { meaning }]) => meaning !== 'retry')
  .map(([reason]) => reason);

/**
 * An API server that does not answer is waited for about a quarter of an hour: each try lasts about half a minute, because the
 * client of the activities tries again itself. Then the run is blocked and says why (docs/reference/waiting.md).
 */
const forever: NonNullable<ActivityOptions['retry']> = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '10s',
  nonRetryableErrorTypes: NOT_HEALING,
};
const retry = { ...forever, maximumAttempts: 25 };

/** A worker that dies is noticed after this long without a sign of life. */
const heartbeatTimeout = '8s';

/**
 * What cuts in waits until the activity has really ended: else a rollback would begin beside a step that still goes on.
 * Said here, because the SDK leaves the default that it documents to the server's side, and that is not to wait (1.24).
 */
const whole = { retry, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;

/** Answers a person is waiting for: better a failure in time than a late answer. */
export const ask = proxyActivities<Activities>({
  ...whole,
  startToCloseTimeout: '30s',
  retry: { ...retry, maximumAttempts: 2 },
});

/** Many questions at once, some of them put to istioctl, which may have to be fetched first. */
const checking = { ...whole, startToCloseTimeout: '2m', heartbeatTimeout } as const;

/** The checks of a plan that a person is waiting for. */
export const check = proxyActivities<Activities>({ ...checking, retry: { ...retry, maximumAttempts: 2 } });

/** The checks of a run: nobody waits for the answer, and a busy worker must not turn them into questions without one. */
export const examine = proxyActivities<Activities>({ ...checking, startToCloseTimeout: '5m' });

/** Reads the cluster on behalf of a run. */
export const read = proxyActivities<Activities>({ ...whole, startToCloseTimeout: '5m', heartbeatTimeout });

/** Changes the cluster, or proves what was changed. */
export const change = proxyActivities<Activities>({ ...whole, startToCloseTimeout: '30m', heartbeatTimeout });

/**
 * Watches for as long as a run is open. The worker that does it may change as often as it likes: a new attempt adds nothing
 * to the history. Nobody waits for its end.
 */
export const guard = proxyActivities<Activities>({
  startToCloseTimeout: '24h',
  heartbeatTimeout: '20s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', nonRetryableErrorTypes: NOT_HEALING },
});

/**
 * Moves whole waves, for as long as that takes: a worker that dies is replaced as often as it must be. What heals by itself is
 * waited for within, and what does not comes out at once.
 */
export const moving = proxyActivities<Activities>({
  ...whole,
  startToCloseTimeout: '30d',
  // A whole wave stands still until it is noticed.
  heartbeatTimeout: '6s',
  retry: { ...forever, initialInterval: '250ms' },
});

/**
 * Looks at a wave for as long as its gate says, or its soak lasts. What cuts in waits until it has ended: a Job that was
 * begun is gone by then.
 */
export const judging = proxyActivities<Activities>({ ...whole, startToCloseTimeout: '32d', heartbeatTimeout: '20s' });

/** What is done after the end: a run that is over must not stay open for it for long. */
export const lastly = proxyActivities<Activities>({
  ...whole,
  startToCloseTimeout: '2m',
  heartbeatTimeout,
  retry: { ...retry, maximumAttempts: 5 },
});

/** Waits for workloads: as long as the caller allows, and a little more to say what is missing. */
export function watchFor(timeoutSeconds: number) {
  return proxyActivities<Activities>({
    ...whole,
    startToCloseTimeout: (timeoutSeconds + 120) * 1_000,
    heartbeatTimeout,
  });
}
