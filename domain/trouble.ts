import {
  containersOf,
  isLive,
  isReady,
  namePods,
  whyNotReady,
  whyUnplaced,
  type ContainerStatus,
  type Pod,
} from './pod.js';

/** Words of `domain/failures.ts` for what keeps new pods from running; they are Kubernetes' own where it has one. */
export type TroubleReason =
  | 'CrashLoopBackOff'
  | 'ImagePullBackOff'
  | 'Unschedulable'
  | 'FailedCreateWebhook'
  | 'FailedCreateQuota'
  | 'FailedCreate'
  | 'EvictionRefused';

/**
 * What keeps new pods from running.
 * - `now`: it does not heal by itself, the workload has failed.
 * - `soon`: it may pass (a registry, a webhook that restarts); it has failed when that lasts.
 * - `late`: it is what time may heal (a node that is on its way); it counts when the time is up.
 */
export interface Trouble {
  readonly reason: TroubleReason;
  readonly urgency: 'now' | 'soon' | 'late';
  /** A clause that names the pods. */
  readonly detail: string;
}

/**
 * From this many restarts on a container is said to crash, and its workload has failed at once. Applications that die
 * once or twice because something they need is not there yet are still waited for: the third back-off is 40 seconds.
 */
const CRASHES = 3;

const URGENCIES = ['now', 'soon', 'late'] as const;

/**
 * The most urgent trouble of a workload.
 * @param pods its new pods; what ails the old ones is older than the restart
 * @param refusal why its controller could create no pod, in the API server's words; null when it could
 */
export function troubleOf(pods: readonly Pod[], refusal: string | null): Trouble | null {
  const unready = pods.filter((pod) => isLive(pod) && !isReady(pod));
  const troubles = [
    ...(refusal === null ? [] : [refusedBy(refusal)]),
    ...URGENCIES.flatMap((urgency) => podTroubles(unready, urgency)),
  ];
  return URGENCIES.flatMap((urgency) => troubles.filter((trouble) => trouble.urgency === urgency))[0] ?? null;
}

/** Pods with the same trouble in one sentence. */
function podTroubles(pods: readonly Pod[], urgency: Trouble['urgency']): Trouble[] {
  const ailing = pods.flatMap((pod) => {
    const found = ailmentOf(pod);
    return found?.urgency === urgency ? [{ pod, reason: found.reason }] : [];
  });
  const [first] = ailing;
  if (first === undefined) return [];
  const same = ailing.filter(({ reason }) => reason === first.reason).map(({ pod }) => pod);
  const noun = same.length === 1 ? 'pod' : 'pods';
  return [{ reason: first.reason, urgency, detail: `${noun} ${namePods(same)}: ${whyNotReady(first.pod)}` }];
}

function ailmentOf(pod: Pod): Omit<Trouble, 'detail'> | null {
  const ailments = containersOf(pod).flatMap((container) => containerAilment(container) ?? []);
  const worst = URGENCIES.flatMap((urgency) => ailments.filter((ailment) => ailment.urgency === urgency))[0];
  if (worst !== undefined) return worst;
  return whyUnplaced(pod) === null ? null : { reason: 'Unschedulable', urgency: 'late' };
}

function containerAilment({ state, restartCount = 0 }: ContainerStatus): Omit<Trouble, 'detail'> | null {
  switch (state?.waiting?.reason) {
    case 'CrashLoopBackOff':
      return { reason: 'CrashLoopBackOff', urgency: restartCount >= CRASHES ? 'now' : 'late' };
    case 'InvalidImageName':
      return { reason: 'ImagePullBackOff', urgency: 'now' };
    case 'ImagePullBackOff':
    case 'ErrImagePull':
      return { reason: 'ImagePullBackOff', urgency: 'soon' };
    default:
      return null;
  }
}

/** Who refused a pod, read from the words of the API server. */
function refusedBy(message: string): Trouble {
  const detail = `no pod could be created: ${message}`;
  if (/failed calling webhook|admission webhook/.test(message)) {
    return { reason: 'FailedCreateWebhook', urgency: 'soon', detail };
  }
  const byQuota = /exceeded quota|failed quota/.test(message);
  return { reason: byQuota ? 'FailedCreateQuota' : 'FailedCreate', urgency: 'soon', detail };
}
