import type { FailureReason } from './failures.js';
import { named } from './named.js';
import type { ActionRow } from './workload-actions.js';

const MOST_NAMED = 8;

/** A pod that still runs the old sidecar. */
export interface Leftover {
  /** `shop/cart-1`. */
  readonly pod: string;
  /** What it belongs to: `Job month-end`. A bare pod belongs to itself. */
  readonly owner: string;
  readonly row: ActionRow;
  /** Whether it is on its way out. */
  readonly ending: boolean;
}

/** What the pods that are left mean for the old control plane. */
export type LeftoverVerdict =
  /** Nothing is left but the pods, `namespace/name`, that a person has waived. */
  | { readonly state: 'clean'; readonly waived: readonly string[] }
  /** What is left ends by itself; `reason` is what it is called if it does not. */
  | { readonly state: 'ending'; readonly reason: FailureReason; readonly detail: string }
  /** Somebody must do something. */
  | { readonly state: 'held'; readonly reason: FailureReason; readonly detail: string };

/**
 * Judges the pods that still run the old sidecar (I2).
 * @param waiveUnmanaged whether a person has taken it upon himself that bare pods and those of unknown owners stay behind
 */
export function judgeLeftovers(leftovers: readonly Leftover[], waiveUnmanaged: boolean): LeftoverVerdict {
  const staying = leftovers.filter(({ ending }) => !ending);
  const unmoved = staying.filter(({ row }) => !row.needsPerson && row.action !== 'wait');
  if (unmoved.length > 0)
    return { state: 'held', reason: 'OldRevisionInUse', detail: named(unmoved.map(sentenceOf), MOST_NAMED) };
  const unmanaged = staying.filter(({ row }) => row.needsPerson);
  if (unmanaged.length > 0 && !waiveUnmanaged) {
    return { state: 'held', reason: 'PodsUnmanaged', detail: named(unmanaged.map(sentenceOf), MOST_NAMED) };
  }
  const jobs = staying.filter(({ row }) => row.action === 'wait');
  if (jobs.length > 0)
    return { state: 'ending', reason: 'JobsUnfinished', detail: named(jobs.map(sentenceOf), MOST_NAMED) };
  const ending = leftovers.filter((leftover) => leftover.ending);
  if (ending.length > 0)
    return { state: 'ending', reason: 'OldRevisionInUse', detail: named(ending.map(sentenceOf), MOST_NAMED) };
  return { state: 'clean', waived: unmanaged.map(({ pod }) => pod) };
}

function sentenceOf({ pod, owner }: Leftover): string {
  return `pod ${pod} (${owner})`;
}
