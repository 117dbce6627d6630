import { healthOf, judgePodHealth, remember, type Complaint, type PodMemory } from '../../domain/gates/pod-health.js';
import { runsSidecarOf, type Pod } from '../../domain/pod.js';
import type { ActivityContext } from '../context.js';
import type { Store } from '../kube/store.js';
import type { KubeObject, Resource } from '../kube/types.js';
import { asPod } from '../workloads/owned-pods.js';
import { podsIn } from '../workloads/resources.js';
import { nextChange } from '../workloads/watch-workload.js';
import type { GateSubject } from './gate-input.js';
import { readHealth } from './health-baseline.js';

/** What a look at the pods of a wave shows. */
export interface PodSight {
  readonly complaints: readonly Complaint[];
  /** Pods with the new sidecar. */
  readonly pods: readonly Pod[];
  /** Why what is seen may be old, as a sentence; then nothing is judged. */
  readonly blind: string | null;
}

/** The new pods of a wave, watched, and compared with how their workloads did before. */
export interface PodWatch {
  look(): PodSight;
  /** Resolves at the next change, or after a while. */
  next(atMostMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** From so many namespaces on, one watch of all pods is less than one of each. */
const MANY_NAMESPACES = 20;

/** The collections that hold the pods of some namespaces, and perhaps those of others. */
export function podCollections(namespaces: readonly string[]): Resource[] {
  return namespaces.length > MANY_NAMESPACES ? [{ api: 'v1', plural: 'pods' }] : namespaces.map(podsIn);
}

/** Those of some objects that are pods of these namespaces. */
export function podsAmong(objects: readonly KubeObject[], namespaces: readonly string[]): Pod[] {
  const wanted = new Set(namespaces);
  return objects.filter(({ metadata }) => wanted.has(metadata.namespace ?? '')).map(asPod);
}

/** Opens the watch and takes the first look. */
export async function watchPods(context: ActivityContext, subject: GateSubject): Promise<PodWatch> {
  const { run, route, wave, namespaces } = subject;
  const { stores } = context.access(run.cluster);
  const watched = podCollections(namespaces).map((collection) => stores.acquire(collection));
  const close = () => watched.forEach((store) => stores.release(store));
  const read = () =>
    podsAmong(
      watched.flatMap((store) => store.items()),
      namespaces,
    );
  try {
    await Promise.all(watched.map(({ ready }) => ready));
    const old = read().filter((pod) => runsSidecarOf(pod, route.from.sidecar, route.to.sidecar));
    // Pods of the old revision that are still there tell as well, where nobody looked before the wave.
    const before = { ...healthOf(old, Date.now()), ...readHealth(context.dataDir, run, wave) };
    return {
      look: lookout(subject, watched, read, before),
      next: (ms, signal) => nextChange(watched, ms, signal),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function lookout(
  { route }: GateSubject,
  watched: readonly Store[],
  read: () => Pod[],
  before: Parameters<typeof judgePodHealth>[0]['before'],
): () => PodSight {
  let memory: PodMemory = {};
  return () => {
    const now = Date.now();
    const pods = read().filter((pod) => runsSidecarOf(pod, route.to.sidecar, route.from.sidecar));
    memory = remember(memory, pods, now);
    const blind = watched.map((store) => store.problem()).find((problem) => problem !== null) ?? null;
    return { pods, blind, complaints: blind === null ? judgePodHealth({ pods, before, memory, now }) : [] };
  };
}
