import { wantsSidecar } from '../../domain/injection.js';
import { named } from '../../domain/named.js';
import { hasSidecar, isKept, isLive, isReady, proxyTagOf, whyNotReady, type Pod } from '../../domain/pod.js';
import { isBehind, restartMarkOf } from '../../domain/rollout.js';
import {
  restartMark,
  workloadName,
  type Direction,
  type SidecarTarget,
  type WorkloadRef,
} from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { namespaceKey } from '../kube/store-board.js';
import { PODS } from '../kube/resources.js';
import { refOf } from './list-workloads.js';
import { asPod, asWorkload } from './owned-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';
import { changesAt, nextChange } from './watch-workload.js';

/** What is expected of a namespace. */
export interface VerifyInput {
  readonly run: RunRef;
  readonly namespace: string;
  readonly direction: Direction;
  readonly expected: SidecarTarget;
  readonly timeoutSeconds: number;
}

const LOOK_AGAIN_MS = 5_000;

/**
 * Guide, step 5.3: waits until every pod of the namespace that should have a sidecar has the expected one and is Ready.
 * Pods of Jobs, bare pods and pods of owners that Meshlift does not know are not waited for here; finalising looks at them.
 * @returns the pods, or the workloads that came meanwhile and must be moved first: then nothing is waited for
 */
export async function verifyNamespace(
  context: ActivityContext,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<{ readonly pods: number; readonly late: readonly WorkloadRef[] }> {
  const { run, namespace, expected, timeoutSeconds } = input;
  const { stores } = context.access(run.cluster);
  const store = stores.acquire(PODS);
  const key = namespaceKey(namespace);
  const deadline = Date.now() + timeoutSeconds * 1_000;
  try {
    await store.ready;
    for (;;) {
      signal.throwIfAborted();
      const pods = store
        .at(key)
        .map(asPod)
        .filter((pod) => isLive(pod) && isKept(pod) && wantsSidecar(pod, expected.driver));
      const { late, behind } = await sort(context, input, pods);
      if (late.length > 0) return { pods: 0, late };
      if (behind.length === 0) return { pods: pods.length, late: [] };
      const blind = store.problem();
      if (Date.now() > deadline && blind !== null) throw failure('ClusterUnreachable', blind);
      if (Date.now() > deadline) throw notMoved(run.cluster, namespace, behind, expected);
      await nextChange([changesAt(store, key)], Math.min(LOOK_AGAIN_MS, deadline - Date.now() + 1), signal);
    }
  } finally {
    stores.release(store);
  }
}
/** What is left, by whether somebody must move it first or it is only waited for. */
interface Sorted {
  readonly late: readonly WorkloadRef[];
  readonly behind: readonly Pod[];
}

/** Asks for the owners only of pods with another sidecar: after a move there are none, most of the time. */
async function sort(context: ActivityContext, input: VerifyInput, pods: readonly Pod[]): Promise<Sorted> {
  const { run, namespace, direction, expected } = input;
  const ownerOf = createOwnerFinder(context.access(run.cluster).kube);
  const mark = restartMark(run.runId, direction);
  const late = new Map<string, WorkloadRef>();
  const behind = pods.filter((pod) => !isReady(pod) && hasSidecar(pod, expected));
  for (const pod of pods.filter((candidate) => isBehind(candidate, expected))) {
    const owner = await ownerOf(pod);
    const ref = refOf(owner, namespace);
    if (ref === null) continue;
    // Without its owner a pod is on its way out.
    if (owner.object === null || isMoved(owner, mark)) behind.push(pod);
    else late.set(workloadName(ref), ref);
  }
  return { late: [...late.values()], behind };
}

/** Whether this run has restarted the workload, so that its pods are only waited for. */
function isMoved({ row, object }: Owner, mark: string): boolean {
  return row.action === 'restart' && object !== null && restartMarkOf(asWorkload(object)) === mark;
}

function notMoved(cluster: string, namespace: string, behind: readonly Pod[], expected: SidecarTarget) {
  const missing = behind.find((pod) => proxyTagOf(pod) === null);
  const wrong = behind.find((pod) => !hasSidecar(pod, expected));
  const reason = missing ? 'SidecarMissing' : wrong ? 'SidecarWrong' : 'WorkloadNotReady';
  const pods = behind.map((pod) => `${pod.metadata.name} (${whatIsIt(pod, expected)})`);
  const message = `In namespace ${namespace} of cluster ${cluster} ${behind.length} pods are not on proxy ${expected.proxyTag}: `;
  return failure(reason, `${message}${named(pods)}.`);
}

function whatIsIt(pod: Pod, expected: SidecarTarget): string {
  const tag = proxyTagOf(pod);
  if (tag === null) return 'no sidecar';
  return hasSidecar(pod, expected) ? whyNotReady(pod) : `proxy ${tag}`;
}
