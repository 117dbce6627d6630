import type { Workload } from './rollout.js';

/** How far a rolling update of a Deployment may go above and below its replicas. */
export interface Fenceposts {
  readonly surge: number;
  readonly unavailable: number;
}

/** As the Deployment controller counts: the surge is rounded up, the unavailable down, and never are both zero. */
export function fenceposts({ spec }: Workload): Fenceposts {
  const replicas = spec.replicas ?? 1;
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = Math.ceil(share(maxSurge, replicas));
  const unavailable = Math.floor(share(maxUnavailable, replicas));
  return surge === 0 && unavailable === 0 ? { surge: 0, unavailable: 1 } : { surge, unavailable };
}

/** How many pods a bound means that is a number or a percentage; not rounded. */
export function share(value: number | string, replicas: number): number {
  return typeof value === 'number' ? value : (Number.parseFloat(value) * replicas) / 100;
}
