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

/** The label with the hash of the template, of those that own their pods through ReplicaSets. */
const HASH_LABELS: Partial<Record<WorkloadKind, string>> = {
  Deployment: 'pod-template-hash',
  Rollout: 'rollouts-pod-template-hash',
};

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

/**
 * The name of the Deployment or Rollout that a pod's ReplicaSet is named after; null when it is not named so. A ReplicaSet
 * is called `<owner>-<hash of the template>`, and the pod carries that hash.
 */
export function replicaSetOwner(kind: WorkloadKind, pod: Pod): string | null {
  const owner = controllerOf(pod);
  const hash = pod.metadata.labels?.[HASH_LABELS[kind] ?? ''];
  if (owner?.kind !== 'ReplicaSet' || hash === undefined || !owner.name.endsWith(`-${hash}`)) return null;
  return owner.name.slice(0, -hash.length - 1);
}
