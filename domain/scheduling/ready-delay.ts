import { isReady, type Pod } from '../pod.js';

/** Before anything was measured. */
const USUAL_SECONDS = 10;
/** A pod that was Ready again after hours tells nothing of how long it takes to start. */
const LONGEST_SECONDS = 900;

/** How long a workload's pods took from their creation until they were Ready, in seconds: the middle one. */
export function readyDelay(pods: readonly Pod[]): number {
  const delays = pods.flatMap((pod) => delayOf(pod) ?? []).sort((a, b) => a - b);
  return delays[Math.floor(delays.length / 2)] ?? USUAL_SECONDS;
}

function delayOf(pod: Pod): number | null {
  if (!isReady(pod)) return null;
  const since = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  const seconds = (Date.parse(since ?? '') - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1_000;
  return seconds >= 0 && seconds <= LONGEST_SECONDS ? seconds : null;
}
