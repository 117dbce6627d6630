import type { WorkloadKind, WorkloadRef } from '../../domain/workload.js';
import type { Resource } from '../kube/types.js';

const PLURALS: Record<WorkloadKind, string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
};

/** The collection of a kind of workloads in one namespace. */
export function workloadCollection(kind: WorkloadKind, namespace: string): Resource {
  return { api: 'apps/v1', plural: PLURALS[kind], namespace };
}

/** One workload, as a resource of the API. */
export function workloadResource({ kind, namespace, name }: WorkloadRef): Resource {
  return { ...workloadCollection(kind, namespace), name };
}

/** The pods of a namespace. */
export function podsIn(namespace: string): Resource {
  return { api: 'v1', plural: 'pods', namespace };
}

/** One namespace object. */
export function namespaceResource(name: string): Resource {
  return { api: 'v1', plural: 'namespaces', name };
}
