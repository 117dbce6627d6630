import type { ClusterObject } from '../cluster/admin-client.js';

/** What of a pod decides what it would say of itself. */
export interface SidecarPod {
  readonly kind: 'proxy' | 'istiod';
  readonly namespace: string;
  readonly workload: string;
  /** Empty where nothing on the pod tells (1.5). */
  readonly revision: string;
}

interface RawPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const REVISION = 'istio.io/rev';

/** Reads a pod; null for one that is not Ready, on its way out, or no part of a mesh. */
export function readPod(object: ClusterObject): SidecarPod | null {
  const pod = object as unknown as RawPod;
  const { namespace = '', name, labels = {}, deletionTimestamp } = pod.metadata;
  if (!isReady(pod) || deletionTimestamp !== undefined) return null;
  const common = { namespace, workload: labels['app'] ?? name, revision: revisionOf(pod) };
  if (labels['app'] === 'istiod') return { ...common, kind: 'istiod' };
  return hasProxy(pod) ? { ...common, kind: 'proxy' } : null;
}

function isReady({ status }: RawPod): boolean {
  return status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

/** Current Istio writes what it has injected into an annotation; there the label is what was asked for. */
function revisionOf({ metadata: { labels = {}, annotations = {} } }: RawPod): string {
  return annotations[REVISION] ?? labels[REVISION] ?? '';
}

function hasProxy({ spec }: RawPod): boolean {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ name }) => name === 'istio-proxy');
}

/** The pods of a cluster at the moment, and the revisions in the order in which their istiods came. */
export interface Population {
  apply(type: string, object: ClusterObject): void;
  /** Forgets the pods: a new watch begins with what is there. */
  clear(): void;
  pods(): readonly SidecarPod[];
  /** The revision that an order means: `new`, `old` or its name. */
  named(revision: string): string;
}

export function createPopulation(): Population {
  const pods = new Map<string, SidecarPod>();
  const revisions: string[] = [];
  return {
    apply(type, object) {
      const uid = object.metadata.uid ?? object.metadata.name;
      const pod = type === 'DELETED' ? null : readPod(object);
      if (pod === null) {
        pods.delete(uid);
        return;
      }
      pods.set(uid, pod);
      if (pod.kind === 'istiod' && !revisions.includes(pod.revision)) revisions.push(pod.revision);
    },
    clear: () => pods.clear(),
    pods: () => [...pods.values()],
    named(revision) {
      if (revision === 'old') return revisions[0] ?? revision;
      // As long as there is only one, it is the old one.
      return revision === 'new' && revisions.length > 1 ? (revisions.at(-1) ?? revision) : revision;
    },
  };
}
