import type { DriverName } from '../../domain/driver.js';
import { gatewayKindOf, wantsSidecar } from '../../domain/injection.js';
import { workloadKeyOf } from '../../domain/pod-owner.js';
import { isLive } from '../../domain/pod.js';
import { MOVABLE_KINDS, workloadName, type WorkloadRef } from '../../domain/workload.js';
import type { KubeClient } from '../kube/types.js';
import type { MeshView, Seen } from '../moves/mesh-view.js';
import { asWorkload } from './owned-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';

/** The workloads of a namespace that can be moved: Deployments, StatefulSets, DaemonSets, and what has pods besides. */
export async function listWorkloads(
  { view, kube, driver }: { readonly view: MeshView; readonly kube: KubeClient; readonly driver: DriverName },
  namespace: string,
): Promise<Seen[]> {
  const all = view.workloads(namespace);
  const others = await listOthers({ view, kube, driver }, namespace, all);
  // The gateways of current Istio come after the namespaces, in a wave of their own.
  const isListed = ({ object }: Seen) =>
    driver === 'asm-1.6' || gatewayKindOf(asWorkload(object).spec.template) === null;
  return [...all.filter(isListed), ...others];
}

/**
 * ReplicaSets without a Deployment, ReplicationControllers and Argo Rollouts, found by their pods: most namespaces have
 * none, and listing every old ReplicaSet of every Deployment would cost more than all the rest.
 */
async function listOthers(
  { view, kube, driver }: { readonly view: MeshView; readonly kube: KubeClient; readonly driver: DriverName },
  namespace: string,
  listed: readonly Seen[],
): Promise<Seen[]> {
  const known = new Set(listed.map(({ ref }) => workloadName(ref)));
  const ownerOf = createOwnerFinder(kube);
  const strangers = view
    .podsIn(namespace)
    .filter((pod) => isLive(pod) && wantsSidecar(pod, driver) && !known.has(workloadKeyOf(pod)));
  const others = new Map<string, Seen>();
  for (const owner of await Promise.all(strangers.map(ownerOf))) {
    const ref = refOf(owner, namespace);
    if (ref === null || owner.object === null || known.has(workloadName(ref))) continue;
    others.set(workloadName(ref), { ref, object: owner.object });
  }
  return [...others.values()];
}

/** An owner as a workload that can be moved; null when it is none. */
export function refOf({ kind, name, row }: Owner, namespace: string): WorkloadRef | null {
  const movable = MOVABLE_KINDS.find((candidate) => candidate === kind);
  return movable === undefined || row.action === 'wait' ? null : { kind: movable, namespace, name };
}
