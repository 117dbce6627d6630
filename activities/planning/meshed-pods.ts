import { isLive, proxyTagOf, type Pod } from '../../domain/pod.js';
import { WORKLOAD_KINDS, type WorkloadRef } from '../../domain/workload.js';
import type { KubeObject, ObjectMeta } from '../kube/types.js';
import { asPod } from '../workloads/owned-pods.js';
import type { ClusterReader, PlannedWorkload } from './cluster-reader.js';

export type Owner = NonNullable<ObjectMeta['ownerReferences']>[number];

/** A live pod with a sidecar. */
export interface MeshedPod {
  readonly object: KubeObject;
  readonly pod: Pod;
}

/** The live pods with a sidecar among some pods. */
export function meshed(pods: readonly KubeObject[]): MeshedPod[] {
  return pods
    .map((object) => ({ object, pod: asPod(object) }))
    .filter(({ pod }) => isLive(pod) && proxyTagOf(pod) !== null);
}

/** The live pods with a sidecar in the namespaces that the plan moves. */
export async function meshedPods(reader: ClusterReader): Promise<MeshedPod[]> {
  return meshed(await reader.planned('v1', 'pods'));
}

/** `shop/cart-0`. */
export function placeOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What controls an object; null for what stands by itself. */
export function controllerOf({ metadata }: KubeObject): Owner | null {
  return metadata.ownerReferences?.find(({ controller }) => controller === true) ?? null;
}

/** `Job shop/import`, of an owner in the namespace of what it owns. */
export function ownerName({ kind, name }: Owner, { metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${name}`;
}

/** What a person would name for a pod: its Deployment, another owner, or the pod itself. */
export function holderOf(pod: KubeObject): string {
  const owner = controllerOf(pod);
  if (owner === null) return `Pod ${placeOf(pod)}`;
  // A ReplicaSet of a Deployment is called <deployment>-<pod-template-hash>, and the pod carries that hash.
  const suffix = `-${pod.metadata.labels?.['pod-template-hash'] ?? ''}`;
  if (owner.kind !== 'ReplicaSet' || suffix === '-' || !owner.name.endsWith(suffix)) return ownerName(owner, pod);
  return ownerName({ ...owner, kind: 'Deployment', name: owner.name.slice(0, -suffix.length) }, pod);
}

/** Deployments, StatefulSets and DaemonSets of some namespaces, also of those that the plan does not move. */
export async function workloadsIn(
  reader: ClusterReader,
  isMeant: (namespace: string) => boolean,
): Promise<PlannedWorkload[]> {
  const perKind = await Promise.all(
    WORKLOAD_KINDS.map(async (kind) => {
      const objects = await reader.list('apps/v1', `${kind.toLowerCase()}s`);
      return objects
        .map((object) => {
          const { name, namespace = '' } = object.metadata;
          return { object, ref: { kind, namespace, name } satisfies WorkloadRef };
        })
        .filter(({ ref }) => isMeant(ref.namespace));
    }),
  );
  return perKind.flat();
}
