import type { Pod } from './pod.js';
import { hasSeen, isStuck, type Workload } from './rollout.js';
import type { WorkloadKind } from './workload.js';

/** A rollout that somebody else has begun: a second one is never stacked upon it. */
export interface Unfinished {
  /** What it has not finished, as a clause. */
  readonly detail: string;
  /** Whether it does not end by itself, so that waiting for it is in vain. */
  readonly stuck: boolean;
}

/** Reasons of the condition `Progressing` while a Deployment is on its way, also when only readiness is missing. */
const UNDER_WAY = ['NewReplicaSetCreated', 'FoundNewReplicaSet', 'ReplicaSetUpdated'];

/**
 * What a workload has not finished of its own (pitfalls 4c, "already mid-rollout"); null when it is at rest.
 * @param pods the pods that it owns
 */
export function unfinished(kind: WorkloadKind, workload: Workload, pods: readonly Pod[]): Unfinished | null {
  // Argo writes its observedGeneration as text; its phase says the same.
  if (kind !== 'Rollout' && !hasSeen(workload)) return wait('its controller has not seen its last change yet');
  switch (kind) {
    case 'Deployment':
      return unfinishedDeployment(workload);
    case 'StatefulSet':
      return unfinishedStatefulSet(workload, pods);
    case 'DaemonSet':
      return unfinishedDaemonSet(workload);
    case 'Rollout':
      return unfinishedArgoRollout(workload);
    case 'ReplicaSet':
    case 'ReplicationController':
      return null;
    default:
      return kind satisfies never;
  }
}

const wait = (detail: string): Unfinished => ({ detail, stuck: false });

function unfinishedDeployment(workload: Workload): Unfinished | null {
  const { replicas = 0, updatedReplicas = 0, conditions = [] } = workload.status ?? {};
  if (isStuck(workload)) return { detail: 'its own last rollout does not progress', stuck: true };
  if (updatedReplicas !== replicas) return wait(`${replicas - updatedReplicas} of its pods are of an older template`);
  const progressing = conditions.find(({ type }) => type === 'Progressing')?.reason ?? '';
  return UNDER_WAY.includes(progressing) ? wait('its own last rollout is not complete') : null;
}

function unfinishedStatefulSet(workload: Workload, pods: readonly Pod[]): Unfinished | null {
  const { spec, status = {} } = workload;
  if (spec.updateStrategy?.type === 'OnDelete') {
    return pending(pods.filter((pod) => isOfOther(pod, status.updateRevision)).length);
  }
  const { replicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status;
  const left = replicas - Math.min(partitionOf(workload), replicas) - updatedReplicas;
  return currentRevision !== updateRevision && left > 0 ? wait(`${left} of its pods are of an older template`) : null;
}

/** Pods with a lower ordinal keep the older template on purpose. */
function partitionOf({ spec }: Workload): number {
  return spec.updateStrategy?.rollingUpdate?.partition ?? 0;
}

function unfinishedDaemonSet({ spec, status = {} }: Workload): Unfinished | null {
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0 } = status;
  const left = desiredNumberScheduled - updatedNumberScheduled;
  if (spec.updateStrategy?.type === 'OnDelete') return pending(left);
  return left > 0 ? wait(`${left} of its pods are of an older template`) : null;
}

/** With OnDelete a change of the template waits for a person: an eviction would bring it in by the way. */
function pending(pods: number): Unfinished | null {
  const detail = `${pods} of its pods are of an older template, and evicting them would bring in that change as well`;
  return pods > 0 ? { detail, stuck: true } : null;
}

function isOfOther({ metadata }: Pod, revision: string | undefined): boolean {
  const own = metadata.labels?.['controller-revision-hash'];
  return own !== undefined && revision !== undefined && own !== revision;
}

function unfinishedArgoRollout({ spec, status = {} }: Workload): Unfinished | null {
  const { phase = 'Healthy', restartedAt } = status;
  if (phase !== 'Healthy') return { detail: `its phase is ${phase}`, stuck: false };
  return spec.restartAt !== undefined && spec.restartAt !== restartedAt
    ? wait('a restart that somebody asked for is not complete')
    : null;
}
