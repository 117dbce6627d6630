import type { Clock } from './token-bucket.js';
import type { Outcome } from './transport.js';

/**
 * What a second sending of the same request may do:
 * `read` changes nothing, `repeatable` ends in the same state, `once` might act twice.
 */
export type Safety = 'read' | 'repeatable' | 'once';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;

/** How a client tries again. */
export interface RetryPolicy {
  /** No new try begins after this time. */
  readonly budgetMs: number;
  /** A number in [0, 1), for the jitter. */
  readonly random: () => number;
  readonly clock: Clock;
}

/** Sends until the outcome is final: a success, an error that does not heal, or the last one within the budget. */
export async function sendWithRetries(
  sendOnce: () => Promise<Outcome>,
  safety: Safety,
  policy: RetryPolicy,
): Promise<{ readonly outcome: Outcome; readonly tries: number }> {
  const deadline = policy.clock.now() + policy.budgetMs;
  for (let tries = 1; ; tries++) {
    const outcome = await sendOnce();
    const delay = delayAfter(outcome, tries, policy.random);
    if (!mayHeal(outcome, safety) || policy.clock.now() + delay > deadline) return { outcome, tries };
    await policy.clock.sleep(delay);
  }
}

/** Whether sending the request again is both safe and useful. */
export function mayHeal(outcome: Outcome, safety: Safety): boolean {
  if (outcome.type === 'refused') return true;
  if (outcome.type === 'cut') return safety !== 'once';
  // With 429 and 503 the server says that it has not begun.
  if (outcome.status === 429 || outcome.status === 503) return true;
  return safety !== 'once' && [500, 502, 504].includes(outcome.status);
}

/** Full jitter between zero and a growing bound; never earlier than the server asks for. */
export function delayAfter(outcome: Outcome, tries: number, random: () => number): number {
  const jitter = random() * backoffBound(tries);
  return outcome.type === 'answer' && outcome.retryAfterMs !== null ? outcome.retryAfterMs + jitter : jitter;
}

/** The longest wait after so many failed tries. */
export function backoffBound(tries: number): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
}
