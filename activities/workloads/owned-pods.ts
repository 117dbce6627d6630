import type { Pod } from '../../domain/pod.js';
import type { Workload } from '../../domain/rollout.js';
import type { WorkloadKind } from '../../domain/workload.js';
import type { KubeObject } from '../kube/types.js';

/** A pod as the domain sees it. The API server's JSON has this shape; nothing is converted. */
export function asPod(object: KubeObject): Pod {
  return object as unknown as Pod;
}

/** A workload as the domain sees it. */
export function asWorkload(object: KubeObject): Workload {
  return object as unknown as Workload;
}

/**
 * The pods that a workload owns. A Deployment owns them through its ReplicaSets, so those of its selector whose
 * ReplicaSet bears its name are its own.
 */
export function ownedPods(kind: WorkloadKind, workload: KubeObject, pods: readonly KubeObject[]): Pod[] {
  return pods.filter((pod) => isOwned(kind, workload, pod)).map(asPod);
}

function isOwned(kind: WorkloadKind, workload: KubeObject, pod: KubeObject): boolean {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return false;
  if (kind !== 'Deployment') return owner.uid === workload.metadata.uid;
  if (owner.kind !== 'ReplicaSet') return false;
  // A ReplicaSet is called <deployment>-<pod-template-hash>, and the pod carries that hash.
  const hash = pod.metadata.labels?.['pod-template-hash'];
  return hash !== undefined && owner.name === `${workload.metadata.name}-${hash}`;
}
