import { isLive, isReady, type Pod } from '../../domain/pod.js';
import { desiredPods } from '../../domain/rollout.js';
import type { Missing } from '../../domain/scheduling/admission.js';
import { workloadName, type WorkloadRef } from '../../domain/workload.js';
import { asWorkload } from '../workloads/owned-pods.js';
import type { MeshView, Seen } from './mesh-view.js';

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

/** Counts the workloads of some namespaces, each anew when something of it has changed. */
export function createAvailability(
  view: MeshView,
  namespaces: ReadonlySet<string>,
  minReadySeconds: number,
): Availability {
  const counts = new Map<string, Count>();
  const refs = new Map<string, WorkloadRef>();
  const dirty = new Set<string>();
  const know = ({ ref }: Seen) => {
    if (namespaces.has(ref.namespace)) refs.set(workloadName(ref), ref);
  };
  view.workloads().forEach(know);
  for (const name of refs.keys()) dirty.add(name);
  view.listen((changed) => {
    for (const name of changed) dirty.add(name);
  });

  const count = (name: string): void => {
    const ref = refs.get(name) ?? refIn(name, namespaces);
    const object = ref === null ? null : view.workload(ref);
    if (ref === null || object === null) {
      counts.delete(name);
      return;
    }
    refs.set(name, ref);
    counts.set(name, countOf(ref, desiredPods(ref.kind, asWorkload(object)), view.podsOf(name), minReadySeconds));
  };
  const fresh = (): ReadonlyMap<string, Count> => {
    for (const [name, { young }] of counts) if (young) dirty.add(name);
    for (const name of dirty) count(name);
    dirty.clear();
    return counts;
  };
  const sum = (value: (entry: Count) => number, namespace?: string) => {
    let total = 0;
    for (const entry of fresh().values())
      if (namespace === undefined || entry.namespace === namespace) total += value(entry);
    return total;
  };

  return {
    missing() {
      const perNamespace = new Map<string, number>();
      let all = 0;
      for (const { namespace, missing } of fresh().values()) {
        all += missing;
        perNamespace.set(namespace, (perNamespace.get(namespace) ?? 0) + missing);
      }
      return {
        all,
        in: (namespace) => perNamespace.get(namespace) ?? 0,
        of: (workload) => counts.get(workload)?.missing ?? 0,
      };
    },
    wanted: (namespace) => sum(({ wanted }) => wanted, namespace),
    homeless() {
      const pods = sum(({ homeless }) => homeless);
      const why = [...counts.values()].find(({ homeless }) => homeless > 0)?.why ?? '';
      return pods === 0 ? null : { pods, why };
    },
  };
}

/** A workload that came later, by its name alone. */
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

function whyUnplaced({ status }: Pod): string | null {
  const condition = status?.conditions?.find(
    ({ type, status: value, reason }) => type === 'PodScheduled' && value === 'False' && reason === 'Unschedulable',
  );
  return condition === undefined ? null : (condition.message ?? 'no node fits');
}
