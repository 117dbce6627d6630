import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { isIstiodOf } from '../../domain/old-revision.js';
import type { Pod } from '../../domain/pod.js';
import { WORKLOAD_KINDS, workloadName, type WorkloadKind, type WorkloadRef } from '../../domain/workload.js';
import type { ClusterAccess } from '../context.js';
import { namespaceKey } from '../kube/store-board.js';
import { PODS } from '../kube/resources.js';
import type { Store } from '../kube/store.js';
import type { KubeObject } from '../kube/types.js';
import { asPod, ownedPods } from '../workloads/owned-pods.js';
import { workloadCollection } from '../workloads/resources.js';

/** One workload as the watches show it. */
export interface Seen {
  readonly ref: WorkloadRef;
  readonly object: KubeObject;
}

/** The pods and workloads of a whole mesh, on one watch per kind. */
export interface MeshView {
  readonly ready: Promise<unknown>;
  /** Deployments, StatefulSets and DaemonSets, of one namespace or of all. */
  workloads(namespace?: string): readonly Seen[];
  workload(ref: WorkloadRef): KubeObject | null;
  /** Pods that say that they belong to a workload, `Deployment shop/cart`. */
  podsOf(workload: string): readonly Pod[];
  /** Of those the ones that it really owns. @param object the workload as it was seen last */
  ownedBy(ref: WorkloadRef, object: KubeObject): readonly Pod[];
  podsIn(namespace: string): readonly Pod[];
  /** Why istiod of a revision cannot serve everybody at the moment; null when it can. */
  ailingIstiod(revision: string): string | null;
  /** Calls the listener with the names of workloads of which something has changed. */
  listen(listener: (workloads: Iterable<string>) => void): void;
  /** Why what is shown may be old, as a sentence. */
  problem(): string | null;
  close(): void;
}

/** Opens the view; the watches are those that all activities of the cluster share. */
export function openMeshView({ stores }: Pick<ClusterAccess, 'stores'>): MeshView {
  const pods = stores.acquire(PODS);
  const kinds = new Map<WorkloadKind, Store>(
    WORKLOAD_KINDS.map((kind) => [kind, stores.acquire(workloadCollection(kind))]),
  );
  const all = [pods, ...kinds.values()];
  const ends: (() => void)[] = [];
  return {
    ready: Promise.all(all.map(({ ready }) => ready)),
    workloads: (namespace) =>
      [...kinds].flatMap(([kind, store]) => {
        const objects = namespace === undefined ? store.items() : store.at(namespaceKey(namespace));
        return objects.map((object) => seen(kind, object));
      }),
    workload: ({ kind, namespace, name }) => kinds.get(kind)?.at(`${namespace}/${name}`)[0] ?? null,
    podsOf: (workload) => pods.at(workload).map(asPod),
    ownedBy: (ref, object) => ownedPods(ref.kind, object, pods.at(workloadName(ref))),
    podsIn: (namespace) => pods.at(namespaceKey(namespace)).map(asPod),
    ailingIstiod(revision) {
      const deployments = kinds.get('Deployment')?.at(namespaceKey(ISTIO_NAMESPACE)) ?? [];
      const istiods = deployments.filter(({ metadata }) => isIstiodOf(metadata.labels, revision));
      return istiods.map(whatAils).find((sentence) => sentence !== null) ?? null;
    },
    listen(listener) {
      ends.push(pods.listen(listener));
      for (const [kind, store] of kinds)
        ends.push(store.listen((keys) => listener([...keys].map((key) => `${kind} ${key}`))));
    },
    problem: () => all.map((store) => store.problem()).find((problem) => problem !== null) ?? null,
    close() {
      ends.forEach((end) => end());
      all.forEach((store) => stores.release(store));
    },
  };
}

function seen(kind: WorkloadKind, object: KubeObject): Seen {
  const { namespace = '', name } = object.metadata;
  return { ref: { kind, namespace, name }, object };
}

function whatAils({ metadata, ...object }: KubeObject): string | null {
  const { replicas = 1 } = object['spec'] as { readonly replicas?: number };
  const { readyReplicas = 0 } = (object['status'] ?? {}) as { readonly readyReplicas?: number };
  return readyReplicas < replicas ? `${readyReplicas} of ${replicas} pods of ${metadata.name} are Ready` : null;
}
