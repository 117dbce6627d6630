import { newestCreation } from '../../domain/replacement.js';
import { desiredPods } from '../../domain/rollout.js';
import { isLive, type Pod } from '../../domain/pod.js';
import type { ReplaceBy } from '../../domain/policy/schema.js';
import {
  WORKLOAD_KINDS,
  workloadName,
  type Direction,
  type SidecarTarget,
  type WorkloadRef,
} from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { PODS } from '../kube/resources.js';
import type { Store } from '../kube/store.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { asWorkload, ownedPods } from './owned-pods.js';
import { workloadCollection } from './resources.js';

/** What one move of a workload is told. */
export interface MoveInput {
  readonly run: RunRef;
  readonly workload: WorkloadRef;
  readonly direction: Direction;
  readonly expected: SidecarTarget;
  readonly timeoutSeconds: number;
  /** How its pods are replaced where both ways would do. @default by a restart */
  readonly by?: ReplaceBy;
  /**
   * Whether a person has just ordered the move, for the first time or by `retry`. Else it is taken up again after a crash or
   * a pause, and what has come back wrong stays as it is.
   */
  readonly isOrdered: boolean;
}

/** A workload at one instant. */
export interface Sight {
  readonly object: KubeObject;
  readonly owned: readonly Pod[];
  /** Why its controller could create no pod, as an event says; null when there is no such event. */
  readonly refusal: string | null;
  /** Why what is seen may be old, as a sentence: whoever cannot see must not judge. */
  readonly blind: string | null;
}

/** Without any change in the cluster, look again that often: a deadline may have passed. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Looks at a workload at each change, on watches that all activities of the namespace share, until a look gives something.
 * @param look is given null when the workload is gone
 */
export async function watchWorkload<Result>(
  context: ActivityContext,
  { run, workload }: { readonly run: RunRef; readonly workload: WorkloadRef },
  signal: AbortSignal,
  look: (sight: Sight | null) => Promise<Result | null>,
): Promise<Result> {
  const { stores, kube } = context.access(run.cluster);
  const pods = stores.acquire(PODS);
  const workloads = stores.acquire(watchedCollection(workload));
  const [key, place] = [workloadName(workload), `${workload.namespace}/${workload.name}`];
  const changes = [changesAt(pods, key), changesAt(workloads, place)];
  const refusalOf = createRefusalReader(kube, workload);
  try {
    await Promise.all([pods.ready, workloads.ready]);
    for (;;) {
      signal.throwIfAborted();
      const [object] = workloads.at(place);
      const owned = object === undefined ? [] : ownedPods(workload.kind, object, pods.at(key));
      const blind = pods.problem() ?? workloads.problem();
      const sight = object === undefined ? null : { object, owned, refusal: await refusalOf(object, owned), blind };
      const result = await look(sight);
      if (result !== null) return result;
      await nextChange(changes, LOOK_AGAIN_MS, signal);
    }
  } finally {
    stores.release(pods);
    stores.release(workloads);
  }
}

/** One watch per kind for the whole mesh; but of kinds that have many objects and few moves only where there is one. */
function watchedCollection({ kind, namespace }: WorkloadRef) {
  const isCommon = WORKLOAD_KINDS.some((common) => common === kind);
  return workloadCollection(kind, isCommon ? undefined : namespace);
}

/** Events are asked for at most that often. */
const ASK_AGAIN_MS = 2_000;

/**
 * Deployments and ReplicaSets say in a condition why they cannot create a pod; StatefulSets and DaemonSets only in events,
 * which are asked for while a pod is missing.
 */
function createRefusalReader(kube: KubeClient, { kind, namespace }: WorkloadRef) {
  let asked = 0;
  let answer: string | null = null;
  return async (object: KubeObject, owned: readonly Pod[]): Promise<string | null> => {
    const isMissing = owned.filter(isLive).length < desiredPods(kind, asWorkload(object));
    if (!isMissing || (kind !== 'StatefulSet' && kind !== 'DaemonSet')) return null;
    if (Date.now() - asked < ASK_AGAIN_MS) return answer;
    asked = Date.now();
    const fieldSelector = `involvedObject.uid=${object.metadata.uid ?? ''},reason=FailedCreate`;
    const { items } = await kube.list({ api: 'v1', plural: 'events', namespace }, { fieldSelector });
    answer = lastRefusal(items, owned);
    return answer;
  };
}

/** The newest event; one that is older than the newest pod is over. */
function lastRefusal(events: readonly KubeObject[], owned: readonly Pod[]): string | null {
  const told = events.map((event) => event as unknown as { lastTimestamp?: string; message?: string });
  const newest = told.sort((a, b) => (b.lastTimestamp ?? '').localeCompare(a.lastTimestamp ?? ''))[0];
  const isOver = (newest?.lastTimestamp ?? '') < newestCreation(owned);
  return isOver ? null : (newest?.message ?? null);
}

interface Changing {
  changed(signal?: AbortSignal): Promise<void>;
}

/** One key of a store, as something that changes. */
export function changesAt(store: Store, key: string): Changing {
  return { changed: (signal) => store.changedAt(key, signal) };
}

/** Nobody looks at it. One for all: an error of its own for each change of hundreds of workloads is what a processor feels. */
const OVER = new Error('no longer waited for');

/** Resolves at the next change of either store, or after a while. */
export async function nextChange(stores: readonly Changing[], atMostMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const done = new AbortController();
  const end = () => done.abort(OVER);
  signal.addEventListener('abort', end);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(atMostMs, 0))));
  try {
    await Promise.race([late, ...stores.map((store) => store.changed(done.signal).catch(() => undefined))]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    end();
  }
}
