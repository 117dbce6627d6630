import { isLive, isReady, whyUnplaced, type Pod } from '../../domain/pod.js';
import { desiredPods } from '../../domain/rollout.js';
import type { Missing } from '../../domain/scheduling/admission.js';
import { workloadName, type WorkloadRef } from '../../domain/workload.js';
import { asWorkload } from '../workloads/owned-pods.js';
import type { MeshView } from './mesh-view.js';

/** What of a mesh is available: counted from its own objects, whoever is the cause of what is not. */
export interface Availability {
  /** Pods that are wanted and not available. */
  readonly missing: () => Missing;
  /** Pods that all workloads want, together and in one namespace. */
  wanted(namespace?: string): number;
  /** Pods that find no node, and what the scheduler says of one of them; null when there are none. */
  homeless(): { readonly pods: number; readonly why: string } | null;
}

interface Count {
  readonly namespace: string;
  readonly wanted: number;
  readonly missing: number;
  readonly homeless: number;
  readonly why: string;
  /** Some are Ready, but not for long enough. */
  readonly young: boolean;
}

/** All workloads of a namespace together. */
interface Sum {
  wanted: number;
  missing: number;
  homeless: number;
}

interface Totals {
  readonly all: Sum;
  readonly perNamespace: ReadonlyMap<string, Sum>;
}

const NONE: Sum = { wanted: 0, missing: 0, homeless: 0 };

/** Counts the workloads of some namespaces, each anew when something of it has changed. */
export function createAvailability(
  view: MeshView,
  namespaces: ReadonlySet<string>,
  minReadySeconds: number,
): Availability {
  const counts = new Map<string, Count>();
  const dirty = new Set<string>();
  let totals: Totals = totalsOf([]);
  for (const { ref } of view.workloads()) if (namespaces.has(ref.namespace)) dirty.add(workloadName(ref));
  view.listen((changed) => {
    for (const name of changed) dirty.add(name);
  });

  const count = (name: string): void => {
    const ref = refIn(name, namespaces);
    const object = ref === null ? null : view.workload(ref);
    if (ref === null || object === null) counts.delete(name);
    else counts.set(name, countOf(ref, desiredPods(ref.kind, asWorkload(object)), view.podsOf(name), minReadySeconds));
  };
  /** Every workload that waits asks: what has not changed is not counted again. */
  const fresh = (): Totals => {
    if (minReadySeconds > 0) for (const [name, { young }] of counts) if (young) dirty.add(name);
    if (dirty.size === 0) return totals;
    dirty.forEach(count);
    dirty.clear();
    return (totals = totalsOf(counts.values()));
  };
  const sumOf = (namespace: string) => fresh().perNamespace.get(namespace) ?? NONE;

  return {
    missing() {
      const { all, perNamespace } = fresh();
      return {
        all: all.missing,
        in: (namespace) => perNamespace.get(namespace)?.missing ?? 0,
        of: (workload) => counts.get(workload)?.missing ?? 0,
      };
    },
    wanted: (namespace) => (namespace === undefined ? fresh().all : sumOf(namespace)).wanted,
    homeless() {
      const pods = fresh().all.homeless;
      if (pods === 0) return null;
      return { pods, why: [...counts.values()].find(({ homeless }) => homeless > 0)?.why ?? '' };
    },
  };
}

function totalsOf(counts: Iterable<Count>): Totals {
  const all = { ...NONE };
  const perNamespace = new Map<string, Sum>();
  for (const { namespace, wanted, missing, homeless } of counts) {
    const own = perNamespace.get(namespace) ?? { ...NONE };
    perNamespace.set(namespace, own);
    for (const sum of [all, own]) {
      sum.wanted += wanted;
      sum.missing += missing;
      sum.homeless += homeless;
    }
  }
  return { all, perNamespace };
}

/** A workload by its name, which is all that a change tells. */
function refIn(workload: string, namespaces: ReadonlySet<string>): WorkloadRef | null {
  const match = /^(Deployment|StatefulSet|DaemonSet) ([^/]+)\/(.+)$/.exec(workload);
  const [, kind, namespace = '', name = ''] = match ?? [];
  return kind === undefined || !namespaces.has(namespace)
    ? null
    : { kind: kind as WorkloadRef['kind'], namespace, name };
}

function countOf({ namespace }: WorkloadRef, wanted: number, pods: readonly Pod[], minReadySeconds: number): Count {
  const live = pods.filter(isLive);
  const ready = live.filter(isReady);
  const old = minReadySeconds === 0 ? ready : ready.filter((pod) => readySeconds(pod) >= minReadySeconds);
  const unplaced = live.flatMap((pod) => whyUnplaced(pod) ?? []);
  return {
    namespace,
    wanted,
    missing: Math.max(0, wanted - old.length),
    homeless: unplaced.length,
    why: unplaced[0] ?? '',
    young: old.length < ready.length,
  };
}

function readySeconds({ status }: Pod): number {
  const since = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return (Date.now() - Date.parse(since ?? '')) / 1_000;
}
