import { healthOf, judgePodHealth, remember, type Complaint, type PodMemory } from '../../domain/gates/pod-health.js';
import { runsSidecarOf, type Pod } from '../../domain/pod.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { PODS } from '../kube/resources.js';
import { namespaceKey } from '../kube/store-board.js';
import type { Store } from '../kube/store.js';
import { asPod } from '../workloads/owned-pods.js';
import { changesAt, nextChange } from '../workloads/watch-workload.js';
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

/** The pods of some namespaces, on the watch that the moves use as well. */
export function openPods(context: ActivityContext, run: RunRef, namespaces: readonly string[]) {
  const { stores } = context.access(run.cluster);
  const store = stores.acquire(PODS);
  const keys = namespaces.map(namespaceKey);
  const changes = keys.map((key) => changesAt(store, key));
  return {
    store,
    read: () => keys.flatMap((key) => store.at(key)).map(asPod),
    next: (ms: number, signal: AbortSignal) => nextChange(changes, ms, signal),
    close: () => stores.release(store),
  };
}

/** Opens the watch and takes the first look. */
export async function watchPods(context: ActivityContext, subject: GateSubject): Promise<PodWatch> {
  const { run, route, wave, namespaces } = subject;
  const { store, read, next, close } = openPods(context, run, namespaces);
  try {
    await store.ready;
    const old = read().filter((pod) => runsSidecarOf(pod, route.from.sidecar, route.to.sidecar));
    // Pods of the old revision that are still there tell as well, where nobody looked before the wave.
    const before = { ...healthOf(old, Date.now()), ...readHealth(context.dataDir, run, wave) };
    return { look: lookout(subject, store, read, before), next, close };
  } catch (error) {
    close();
    throw error;
  }
}

function lookout(
  { route }: GateSubject,
  store: Store,
  read: () => Pod[],
  before: Parameters<typeof judgePodHealth>[0]['before'],
): () => PodSight {
  let memory: PodMemory = {};
  return () => {
    const now = Date.now();
    const pods = read().filter((pod) => runsSidecarOf(pod, route.to.sidecar, route.from.sidecar));
    memory = remember(memory, pods, now);
    const blind = store.problem();
    return { pods, blind, complaints: blind === null ? judgePodHealth({ pods, before, memory, now }) : [] };
  };
}
