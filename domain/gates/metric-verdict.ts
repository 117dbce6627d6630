import type { Verdict } from '../gate-verdict.js';
import type { AnalysisMetric } from '../policy/analysis-template.js';

type Limits = Pick<AnalysisMetric, 'count' | 'failureLimit' | 'inconclusiveLimit' | 'consecutiveErrorLimit'>;

/**
 * The verdict of a metric after some measurements, oldest first; null while it needs more. A measurement that could not be
 * made is none: it counts only towards the errors in a row.
 */
export function judgeMetric(limits: Limits, outcomes: readonly Verdict[]): Verdict | null {
  const seen: Verdict[] = [];
  for (const outcome of outcomes) {
    seen.push(outcome);
    const broken = brokenLimit(limits, seen);
    if (broken !== null) return broken;
    if (measured(seen).length >= limits.count) return atTheEnd(seen);
  }
  return null;
}

/**
 * The verdict of a metric that is measured to a given moment, asked after each measurement; null while that has not come.
 * The limits hold for any `count` measurements in a row, and only a failure ends it sooner: during a soak there is time for
 * what could not be judged yet.
 * @param isOver whether the moment has come
 */
export function judgeMetricUntil(limits: Limits, outcomes: readonly Verdict[], isOver: boolean): Verdict | null {
  const last = lastMeasured(outcomes, limits.count);
  if (countOf(last, 'failed') > limits.failureLimit) return 'failed';
  return isOver ? (brokenLimit(limits, last) ?? atTheEnd(last)) : null;
}

/** The newest measurements: so many that were made, and the errors between and after them. */
function lastMeasured(outcomes: readonly Verdict[], count: number): Verdict[] {
  let left = count;
  let start = outcomes.length;
  while (start > 0 && left > 0) {
    start -= 1;
    if (outcomes[start] !== 'error') left -= 1;
  }
  return outcomes.slice(start);
}

function brokenLimit(limits: Limits, outcomes: readonly Verdict[]): Verdict | null {
  if (countOf(outcomes, 'failed') > limits.failureLimit) return 'failed';
  if (countOf(outcomes, 'inconclusive') > limits.inconclusiveLimit) return 'inconclusive';
  const lastMade = outcomes.findLastIndex((outcome) => outcome !== 'error');
  return outcomes.length - 1 - lastMade > limits.consecutiveErrorLimit ? 'error' : null;
}

/** No limit was broken; but what was never once seen to be well is not said to be. */
function atTheEnd(outcomes: readonly Verdict[]): Verdict {
  if (outcomes.includes('successful')) return 'successful';
  return outcomes.length > 0 && measured(outcomes).length === 0 ? 'error' : 'inconclusive';
}

function measured(outcomes: readonly Verdict[]): Verdict[] {
  return outcomes.filter((outcome) => outcome !== 'error');
}

function countOf(outcomes: readonly Verdict[], wanted: Verdict): number {
  return outcomes.filter((outcome) => outcome === wanted).length;
}

/** From best to worst, as Argo Rollouts ranks them. */
const RANKS: readonly Verdict[] = ['successful', 'inconclusive', 'error', 'failed'];

/** The verdict of an analysis: the worst of its parts. A dry run is told and never counts. */
export function judgeAnalysis(parts: readonly { readonly verdict: Verdict; readonly dryRun?: boolean }[]): Verdict {
  const ranks = parts.filter(({ dryRun }) => dryRun !== true).map(({ verdict }) => RANKS.indexOf(verdict));
  return RANKS[Math.max(0, ...ranks)] ?? 'successful';
}
