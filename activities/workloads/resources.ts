import type { WorkloadKind, WorkloadRef } from '../../domain/workload.js';
import type { Resource } from '../kube/types.js';

const COLLECTIONS: Record<WorkloadKind, Resource> = {
  Deployment: { api: 'apps/v1', plural: 'deployments' },
  StatefulSet: { api: 'apps/v1', plural: 'statefulsets' },
  DaemonSet: { api: 'apps/v1', plural: 'daemonsets' },
  ReplicaSet: { api: 'apps/v1', plural: 'replicasets' },
  ReplicationController: { api: 'v1', plural: 'replicationcontrollers' },
  Rollout: { api: 'argoproj.io/v1alpha1', plural: 'rollouts' },
};

/** The collection of a kind of workloads, in one namespace or in all of them. */
export function workloadCollection(kind: WorkloadKind, namespace?: string): Resource {
  return { ...COLLECTIONS[kind], ...(namespace === undefined ? {} : { namespace }) };
}

/** One workload, as a resource of the API. */
export function workloadResource({ kind, namespace, name }: WorkloadRef): Resource {
  return { ...workloadCollection(kind, namespace), name };
}

/** What a person types to change one workload by a merge patch. */
export function patchCommand({ kind, namespace, name }: WorkloadRef, patch: object): string[] {
  const what = kind === 'Rollout' ? 'rollouts.argoproj.io' : kind.toLowerCase();
  return ['kubectl', 'patch', what, name, '-n', namespace, '--type', 'merge', '-p', JSON.stringify(patch)];
}

/** The pods of a namespace. */
export function podsIn(namespace: string): Resource {
  return { api: 'v1', plural: 'pods', namespace };
}

/** One namespace object. */
export function namespaceResource(name: string): Resource {
  return { api: 'v1', plural: 'namespaces', name };
}
