import type { Verdict } from '../gate-verdict.js';
import type { AnalysisMetric } from '../policy/analysis-template.js';

/** An answer of Prometheus to one query. */
export type Reading =
  | { readonly kind: 'value'; readonly value: number }
  /** An empty vector, or NaN: nothing was measured. */
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly message: string };

/** Everything that one measurement of a metric asked. */
export interface Sample {
  readonly value: Reading;
  /** What the old revision has; absent where the metric compares nothing. */
  readonly control?: Reading;
  /** How much there was to measure; absent where the metric does not ask. */
  readonly volume?: Reading;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Why, where the numbers alone do not say it. */
  readonly detail?: string;
}

/** Whether a metric is judged against the old revision. */
export function comparesControl(metric: AnalysisMetric): boolean {
  return metric.maxRatioToControl !== undefined || metric.minRatioToControl !== undefined;
}

/**
 * Judges one measurement. What was not measured is never a success, and a limit that is broken is a failure whatever else
 * could not be asked.
 */
export function judgeMeasurement(metric: AnalysisMetric, { value, control, volume }: Sample): Judgement {
  const unusable = unusableReason(metric, value, volume);
  if (unusable !== null) return unusable;
  const measured = value.kind === 'value' ? value.value : Number.NaN;
  if (isBeyondThreshold(metric, measured)) return { verdict: 'failed' };
  if (!comparesControl(metric)) return { verdict: 'successful' };
  return judgeAgainstControl(metric, measured, control ?? { kind: 'none' });
}

function unusableReason(metric: AnalysisMetric, value: Reading, volume?: Reading): Judgement | null {
  if (value.kind === 'error') return { verdict: 'error', detail: value.message };
  const tooLittle = metric.volume === undefined ? null : judgeVolume(metric.volume.min, volume ?? { kind: 'none' });
  if (tooLittle !== null) return tooLittle;
  return isNumber(value) ? null : { verdict: 'inconclusive', detail: 'no data' };
}

function judgeVolume(least: number, volume: Reading): Judgement | null {
  if (volume.kind === 'error') return { verdict: 'error', detail: volume.message };
  const seen = isNumber(volume) ? volume.value : 0;
  if (seen >= least) return null;
  return { verdict: 'inconclusive', detail: `too little to judge by: ${round(seen)} of at least ${least}` };
}

/** Infinity is what a division by nothing gives: no number to judge by. */
function isNumber(reading: Reading): reading is Extract<Reading, { kind: 'value' }> {
  return reading.kind === 'value' && Number.isFinite(reading.value);
}

function isBeyondThreshold({ max, min }: AnalysisMetric, value: number): boolean {
  return (max !== undefined && value > max) || (min !== undefined && value < min);
}

function judgeAgainstControl(metric: AnalysisMetric, value: number, control: Reading): Judgement {
  if (control.kind === 'error') return { verdict: 'error', detail: `the old revision: ${control.message}` };
  if (!isNumber(control)) return withoutControl(metric, 'nothing of the old revision to compare with');
  // A multiple of nothing is nothing: then the floor is all that is allowed, and without one there is no comparison.
  if (control.value === 0 && !metric.floor)
    return withoutControl(metric, 'the old revision has 0, which has no multiple');
  return { verdict: isBeyondRatio(metric, value, control.value) ? 'failed' : 'successful' };
}

function isBeyondRatio(
  { maxRatioToControl: most = Infinity, minRatioToControl: least = 0, floor = 0 }: AnalysisMetric,
  value: number,
  control: number,
): boolean {
  return value > Math.max(control * most, floor) || (control > floor && value < control * least);
}

/** A threshold still judges where there is one. */
function withoutControl({ max, min }: AnalysisMetric, detail: string): Judgement {
  const hasThreshold = max !== undefined || min !== undefined;
  return { verdict: hasThreshold ? 'successful' : 'inconclusive', detail };
}

/** What a value has to be, in words: `at most 0.05, and at most 2 times the old revision's (0.01 always passes)`. */
export function thresholdOf(metric: AnalysisMetric): string | undefined {
  const { max, min, maxRatioToControl: most, minRatioToControl: least, floor, volume } = metric;
  const parts = [
    max === undefined ? null : `at most ${max}`,
    min === undefined ? null : `at least ${min}`,
    most === undefined
      ? null
      : `at most ${most} times the old revision's${floor ? ` (up to ${floor} always passes)` : ''}`,
    least === undefined ? null : `at least ${least} times the old revision's`,
  ].filter((part) => part !== null);
  if (parts.length > 0) return parts.join(', and ');
  return volume === undefined ? undefined : `at least ${volume.min} to judge by`;
}

/** A number as people read it: four significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}
