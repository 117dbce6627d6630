/** Pods that were moved at one time. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly moved: number;
}

/** How long it still takes, in seconds: at the best and at the worst pace that was seen. */
export interface Eta {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Pods per minute, over all. */
  readonly rate: number;
}

/** The pace of a shorter time is an accident. */
const SHORTEST_MS = 5_000;
const RECENT_MS = 30_000;

/**
 * Estimates from what was measured: the pace over all and the pace of the last half minute are the two ends.
 * @param samples in order of time, the first from before anything was moved
 * @returns null before there is anything to measure
 */
export function estimateEnd(samples: readonly Sample[], left: number): Eta | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return null;
  const overall = paceOf(first, last);
  if (overall === null) return null;
  const since = samples.find(({ at }) => last.at - at <= RECENT_MS) ?? first;
  const recent = paceOf(since, last) ?? overall;
  const ends = [left / overall, left / recent].sort((a, b) => a - b).map(Math.ceil);
  return { fromSeconds: ends[0] ?? 0, toSeconds: ends[1] ?? 0, rate: Math.round(overall * 60) };
}

/** Pods a second; null where the time is too short, or nothing was moved. */
function paceOf(from: Sample, to: Sample): number | null {
  const [ms, moved] = [to.at - from.at, to.moved - from.moved];
  return ms < SHORTEST_MS || moved <= 0 ? null : (moved * 1_000) / ms;
}
