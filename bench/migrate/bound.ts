import type { BenchWorkload } from '../support/size.js';

/** How many rounds of pods a rollout with the stock strategy needs: a quarter more, rounded up; a quarter missing, rounded down. */
export function roundsOf(replicas: number): number {
  if (replicas < 1) return 0;
  const surge = Math.ceil(replicas / 4);
  const missing = Math.floor(replicas / 4);
  // At most so many new pods are on their way at once: those above the number, and those in the place of missing ones.
  return Math.ceil(replicas / (surge + missing));
}

/**
 * Method (e): the time that no way of restarting can beat, however fast the cluster's own controllers are: the longest of
 * all workloads, its rounds one after the other, each as long as its pods need to be ready.
 * @returns seconds
 */
export function boundSeconds(workloads: readonly Pick<BenchWorkload, 'replicas' | 'readySeconds'>[]): number {
  return Math.max(0, ...workloads.map(({ replicas, readySeconds }) => roundsOf(replicas) * readySeconds));
}
