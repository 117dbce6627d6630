import { podsOf } from '../../domain/policy/schema.js';
import { podsOfAll, type BenchWorkload } from '../support/size.js';

type Timed = Pick<BenchWorkload, 'replicas' | 'readySeconds'>;

/** How many rounds of pods a rollout with the stock strategy needs: a quarter more, rounded up; a quarter missing, rounded down. */
export function roundsOf(replicas: number): number {
  if (replicas < 1) return 0;
  const surge = Math.ceil(replicas / 4);
  const missing = missingOf(replicas);
  // At most so many new pods are on their way at once: those above the number, and those in the place of missing ones.
  return Math.ceil(replicas / (surge + missing));
}

/** Pods that the stock strategy lets be missing: a quarter, rounded down. */
function missingOf(replicas: number): number {
  return Math.floor(replicas / 4);
}

/**
 * Method (e): the time that no way of restarting can beat, however fast the cluster's own controllers are: the longest of
 * all workloads, its rounds one after the other, each as long as its pods need to be ready.
 * @returns seconds
 */
export function boundSeconds(workloads: readonly Timed[]): number {
  return Math.max(0, ...workloads.map(({ replicas, readySeconds }) => roundsOf(replicas) * readySeconds));
}

/** The part of all pods that the default budget and that of method h5 let be missing. */
const BUDGET = '5%';

/**
 * The time that no way of moving can beat that keeps the budget: while pods of a workload are replaced, so many of it are missing,
 * and never more than the budget are. Nobody's latency is in it.
 * @param by restarts of the stock strategy, or evictions of one pod after the other
 * @returns seconds
 */
export function budgetBoundSeconds(workloads: readonly Timed[], by: 'restart' | 'evict'): number {
  const missingSeconds = workloads.reduce((sum, { replicas, readySeconds }) => {
    const rounds = by === 'evict' ? replicas : roundsOf(replicas) * missingOf(replicas);
    return sum + rounds * readySeconds;
  }, 0);
  const whole = missingSeconds / podsOf(BUDGET, podsOfAll(workloads));
  return by === 'evict' ? whole : Math.max(whole, boundSeconds(workloads));
}
