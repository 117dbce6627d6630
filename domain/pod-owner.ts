import { controllerOf, type Pod } from './pod.js';
import type { WorkloadKind } from './workload.js';

/** The label with the hash of the template, of those that own their pods through ReplicaSets. */
export const HASH_LABELS: Partial<Record<WorkloadKind, string>> = {
  Deployment: 'pod-template-hash',
  Rollout: 'rollouts-pod-template-hash',
};

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

/**
 * Whom a pod plainly belongs to, as its own references tell without asking: `Deployment shop/cart`, `Job shop/backup`, and
 * `Pod shop/name` for a bare one.
 */
export function workloadKeyOf(pod: Pod): string {
  const { namespace = '', name } = pod.metadata;
  for (const kind of ['Deployment', 'Rollout'] as const) {
    const owner = replicaSetOwner(kind, pod);
    if (owner !== null) return `${kind} ${namespace}/${owner}`;
  }
  const owner = controllerOf(pod);
  return owner === undefined ? `Pod ${namespace}/${name}` : `${owner.kind} ${namespace}/${owner.name}`;
}
