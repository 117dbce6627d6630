import type { DriverName } from '../../domain/driver.js';
import { gatewayKindOf, wantsSidecar } from '../../domain/injection.js';
import { controllerOf, isLive, type Pod } from '../../domain/pod.js';
import { desiredPods } from '../../domain/rollout.js';
import {
  MOVABLE_KINDS,
  WORKLOAD_KINDS,
  workloadName,
  type WorkloadKind,
  type WorkloadRef,
} from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import type { KubeClient } from '../kube/types.js';
import { asPod, asWorkload, replicaSetOwner } from './owned-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';
import { podsIn, workloadCollection } from './resources.js';

interface Listed {
  readonly ref: WorkloadRef;
  readonly pods: number;
  readonly isGateway: boolean;
}

/** The workloads of a namespace that can be moved, largest first: the longest one must not begin last. */
export function createListWorkloads({ access, release }: ActivityContext): Activities['listWorkloads'] {
  return async ({ run, namespace }) => {
    const { kube } = access(run.cluster);
    const { driver } = release(run.release);
    const perKind = await Promise.all(WORKLOAD_KINDS.map((kind) => listKind(kube, kind, namespace)));
    const all = perKind.flat();
    const others = await listOthers(kube, namespace, { listed: all, driver });
    // The gateways of current Istio come after the namespaces, in a wave of their own.
    const listed = driver === 'asm-1.6' ? all : all.filter(({ isGateway }) => !isGateway);
    return [...listed, ...others]
      .sort((a, b) => b.pods - a.pods || a.ref.name.localeCompare(b.ref.name))
      .map(({ ref }) => ref);
  };
}

async function listKind(kube: KubeClient, kind: WorkloadKind, namespace: string): Promise<Listed[]> {
  const { items } = await kube.list(workloadCollection(kind, namespace));
  return items.map((object) => {
    const ref: WorkloadRef = { kind, namespace, name: object.metadata.name };
    const workload = asWorkload(object);
    return { ref, pods: desiredPods(kind, workload), isGateway: gatewayKindOf(workload.spec.template) !== null };
  });
}

/**
 * ReplicaSets without a Deployment, ReplicationControllers and Argo Rollouts, found by their pods: most namespaces have
 * none, and listing every old ReplicaSet of every Deployment would cost more than all the rest.
 */
async function listOthers(
  kube: KubeClient,
  namespace: string,
  { listed, driver }: { listed: readonly Listed[]; driver: DriverName },
): Promise<Listed[]> {
  const known = new Set(listed.map(({ ref }) => workloadName(ref)));
  const { items } = await kube.list(podsIn(namespace));
  const ownerOf = createOwnerFinder(kube);
  const strangers = items
    .map(asPod)
    .filter((pod) => isLive(pod) && wantsSidecar(pod, driver) && !isListed(pod, known, namespace));
  const others = new Map<string, Listed>();
  for (const owner of await Promise.all(strangers.map(ownerOf))) {
    const ref = refOf(owner, namespace);
    if (ref === null || owner.object === null) continue;
    others.set(workloadName(ref), { ref, pods: desiredPods(ref.kind, asWorkload(owner.object)), isGateway: false });
  }
  return [...others.values()];
}

/** Whether a pod plainly belongs to a workload that is listed already. */
function isListed(pod: Pod, known: ReadonlySet<string>, namespace: string): boolean {
  const deployment = replicaSetOwner('Deployment', pod);
  const owner = deployment === null ? controllerOf(pod) : { kind: 'Deployment', name: deployment };
  return owner !== undefined && known.has(`${owner.kind} ${namespace}/${owner.name}`);
}

/** An owner as a workload that can be moved; null when it is none. */
export function refOf({ kind, name, row }: Owner, namespace: string): WorkloadRef | null {
  const movable = MOVABLE_KINDS.find((candidate) => candidate === kind);
  return movable === undefined || row.action === 'wait' ? null : { kind: movable, namespace, name };
}
