import { HASH_LABELS, replicaSetOwner } from '../../domain/pod-owner.js';
import { controllerOf, imageVersion, type Pod } from '../../domain/pod.js';
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

/** Version of what a workload runs, by the image of its first container. */
export function versionOf(object: KubeObject): string {
  return imageVersion(asWorkload(object).spec.template.spec.containers[0]?.image ?? '');
}

/**
 * The pods that a workload owns. A Deployment owns them through its ReplicaSets, so those of its selector whose
 * ReplicaSet bears its name are its own; so does a Rollout.
 */
export function ownedPods(kind: WorkloadKind, workload: KubeObject, pods: readonly KubeObject[]): Pod[] {
  return pods.filter((pod) => isOwned(kind, workload, pod)).map(asPod);
}

function isOwned(kind: WorkloadKind, { metadata }: KubeObject, pod: KubeObject): boolean {
  if (HASH_LABELS[kind] !== undefined) return replicaSetOwner(kind, asPod(pod)) === metadata.name;
  return controllerOf(asPod(pod))?.uid === metadata.uid;
}
