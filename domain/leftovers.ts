import type { FailureReason } from './failures.js';
import { named } from './named.js';
import type { ActionRow } from './workload-actions.js';

const MOST_NAMED = 8;

/** A pod that still runs the sidecar of the control plane that is about to go. */
export interface Leftover {
  /** `shop/cart-1`. */
  readonly pod: string;
  /** What it belongs to: `Job month-end`. A bare pod belongs to itself. */
  readonly owner: string;
  readonly row: ActionRow;
  /** Whether it is on its way out. */
  readonly ending: boolean;
  /** The Job that made it, where one did. */
  readonly job?: string;
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

/** What pods with the new sidecar mean for the new control plane, when all that can be moved is back. */
export type HoldoutVerdict =
  | { readonly state: 'clean' }
  | {
      /** `ending`: it ends by itself. `held`: somebody must do something. */
      readonly state: 'ending' | 'held';
      readonly reason: 'JobsUnfinished' | 'PodsUnmanaged' | 'SidecarWrong';
      readonly detail: string;
      /** What ends each of them at once, as a command. */
      readonly ends: readonly string[];
      /** What a person types to wait for them or to end them, with comments. */
      readonly commands: readonly string[];
    };

/** Judges the pods that run the new sidecar after everything is back. Those on their way out may take their grace period. */
export function judgeHoldouts(leftovers: readonly Leftover[]): HoldoutVerdict {
  const staying = leftovers.filter(({ ending }) => !ending);
  if (staying.length === 0) return { state: 'clean' };
  const ends = [...new Set(staying.map(endOf))];
  const told = {
    detail: named(staying.map(sentenceOf), MOST_NAMED),
    ends,
    commands: [...new Set(staying.flatMap(endingCommands))],
  };
  const left = staying.filter(({ row }) => row.action !== 'wait');
  if (left.length === 0) return { state: 'ending', reason: 'JobsUnfinished', ...told };
  return {
    state: 'held',
    reason: left.every(({ row }) => row.needsPerson) ? 'PodsUnmanaged' : 'SidecarWrong',
    ...told,
  };
}

function endOf({ pod, job }: Leftover): string {
  const [namespace = '', name = ''] = pod.split('/');
  return job === undefined ? `kubectl delete pod ${name} -n ${namespace}` : `kubectl delete job ${job} -n ${namespace}`;
}

function endingCommands(leftover: Leftover): string[] {
  const { pod, owner, row, job } = leftover;
  const [namespace = ''] = pod.split('/');
  if (job !== undefined) {
    const wait = `kubectl wait job/${job} -n ${namespace} --for=condition=Complete --timeout=-1s`;
    return [`# let Job ${namespace}/${job} finish, or end it: ${endOf(leftover)}`, wait];
  }
  const after = row.needsPerson
    ? 'nothing is sure to bring it back: create it again afterwards'
    : `${owner} brings it back`;
  return [`# pod ${pod}: ${after}`, endOf(leftover)];
}

function sentenceOf({ pod, owner, job }: Leftover): string {
  const by = job === undefined || owner === `Job ${job}` ? '' : `Job ${job} of `;
  return `pod ${pod} (${by}${owner})`;
}
