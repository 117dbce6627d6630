import { judgeRollout, type Rollout } from '../../domain/rollout.js';
import { workloadName, type WorkloadProgress } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { asWorkload, ownedPods } from './owned-pods.js';
import { podsIn, workloadCollection } from './resources.js';

type MoveInput = Parameters<Activities['moveWorkload']>[0];

/** Without any change in the cluster, look again that often: a deadline may have passed. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Watches a restarted workload until it is done, on watches that all activities of the namespace share.
 * @throws SidecarMissing, SidecarWrong or WorkloadNotReady with a sentence that names the pod
 */
export async function watchRollout(
  context: ActivityContext,
  input: MoveInput,
  mark: string,
  signal: AbortSignal,
): Promise<Rollout> {
  const { run, workload, expected, timeoutSeconds } = input;
  const { stores } = context.access(run.cluster);
  const pods = stores.acquire(podsIn(workload.namespace));
  const workloads = stores.acquire(workloadCollection(workload.kind, workload.namespace));
  const deadline = Date.now() + timeoutSeconds * 1_000;
  const report = createReporter(context, input);
  try {
    await Promise.all([pods.ready, workloads.ready]);
    for (;;) {
      signal.throwIfAborted();
      const object = workloads.items().find(({ metadata }) => metadata.name === workload.name);
      if (object === undefined) return { state: 'done', desired: 0, moved: 0 };
      const owned = ownedPods(workload.kind, object, pods.items());
      const seen = object.metadata.generation !== undefined && carries(object, mark);
      const rollout: Rollout = seen
        ? judgeRollout({ kind: workload.kind, workload: asWorkload(object) }, owned, expected, mark)
        : { state: 'moving', desired: owned.length, moved: 0, detail: 'the restart is not visible yet' };
      await report(rollout);
      if (rollout.state === 'done') return rollout;
      if (rollout.state === 'failed') throw notMoved(input, rollout.reason, rollout.detail);
      if (Date.now() > deadline) throw outOfTime(input, rollout.detail, pods.problem() ?? workloads.problem());
      await nextChange([pods, workloads], Math.min(LOOK_AGAIN_MS, deadline - Date.now() + 1), signal);
    }
  } finally {
    stores.release(pods);
    stores.release(workloads);
  }
}

/** A watch may be a little behind the patch: what it shows from before says nothing about the restart. */
function carries(object: Parameters<typeof asWorkload>[0], mark: string): boolean {
  return Object.values(asWorkload(object).spec.template.metadata?.annotations ?? {}).includes(mark);
}

interface Changing {
  changed(signal?: AbortSignal): Promise<void>;
}

/** Resolves at the next change of either store, or after a while. */
export async function nextChange(stores: readonly Changing[], atMostMs: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const any = AbortSignal.any([signal, done.signal]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(atMostMs, 0))));
  try {
    await Promise.race([late, ...stores.map((store) => store.changed(any).catch(() => undefined))]);
  } finally {
    clearTimeout(timer);
    done.abort();
  }
}

/** Whoever cannot see must not judge: an outage is no fault of the workload. */
function outOfTime(input: MoveInput, detail: string, blind: string | null) {
  if (blind !== null) return failure('ClusterUnreachable', blind);
  return notMoved(input, 'WorkloadNotReady', `it took longer than ${input.timeoutSeconds} s; ${detail}`);
}

function notMoved(input: MoveInput, reason: 'SidecarMissing' | 'SidecarWrong' | 'WorkloadNotReady', detail: string) {
  const { run, workload } = input;
  return failure(reason, `${workloadName(workload)} of cluster ${run.cluster} did not get its new sidecar: ${detail}.`);
}

/** Writes each step forward into the journal once. */
function createReporter(context: ActivityContext, { run, workload, direction }: MoveInput) {
  let last = '';
  return async (rollout: Rollout): Promise<void> => {
    const status = { done: 'moved', moving: 'restarting', failed: 'failed' }[
      rollout.state
    ] as WorkloadProgress['status'];
    const step = `${status}/${rollout.moved}`;
    if (step === last) return;
    last = step;
    const progress: WorkloadProgress = {
      workload,
      status,
      desired: rollout.desired,
      moved: rollout.moved,
      ...(rollout.state === 'done' ? {} : { detail: rollout.detail }),
    };
    await context.journal.append(run.cluster, run.runId, [
      {
        key: `workload/${workloadName(workload)}/${direction}/${step}`,
        at: new Date().toISOString(),
        body: { type: 'workload', progress },
      },
    ]);
  };
}
