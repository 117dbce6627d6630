import { setTimeout as delay } from 'node:timers/promises';
import type { Measurement, Verdict, GateVerdict } from '../../domain/gate-verdict.js';
import { judgeAnalysis, judgeMetric, judgeMetricUntil } from '../../domain/gates/metric-verdict.js';
import { tellAnalysis } from '../../domain/gates/sentences.js';
import type { AnalysisMetric, AnalysisTemplate } from '../../domain/policy/analysis-template.js';
import type { Pod } from '../../domain/pod.js';
import type { MetricsSettings } from '../../settings/gates.js';
import type { ActivityContext } from '../context.js';
import type { GateInput } from './gate-input.js';
import { measure, noteMeasurement, type Measuring } from './measure.js';
import { judgeSight } from './pod-health.js';
import { watchPods, type PodWatch } from './pod-watch.js';
import { createPrometheus } from './prometheus.js';

export interface Analysis {
  readonly context: ActivityContext;
  readonly input: GateInput;
  /** Its name where it is registered; null for the policy's own. */
  readonly name: string | null;
  readonly template: AnalysisTemplate;
  readonly metrics: MetricsSettings;
  readonly signal: AbortSignal;
}

/** What one metric came to. */
type Part = Measurement & { readonly dryRun?: boolean };

/** Of a soak of days not every measurement that says what the one before it said is kept. */
const RARELY = 20;
/** How often the pods are looked at while metrics are measured. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Measures every metric of a template by its own interval, and looks at the pods meanwhile. The first failure ends it; what is
 * inconclusive or could not be asked waits for the others, because one of them may still fail.
 */
export async function runAnalysis(analysis: Analysis): Promise<GateVerdict> {
  const { context, input, name, template, metrics } = analysis;
  const pods = await watchPods(context, input);
  const done = new AbortController();
  const signal = AbortSignal.any([analysis.signal, done.signal]);
  try {
    const measuring = measuringOf(analysis, pods, signal);
    const parts: Part[] = [];
    const finish = (part: Part) => {
      parts.push(part);
      if (part.verdict === 'failed' && part.dryRun !== true) done.abort();
    };
    await untilSettled(pods, metrics.window * 1_000, input.stopAt, analysis.signal);
    const measured = template.metrics.map((metric) => untilDecided(measuring, metric, input.stopAt).then(finish));
    const health = watchHealth(pods, Promise.allSettled(measured), signal).then(finish);
    await allUnlessDone([...measured, health], done.signal);
    const called = name === null ? "The policy's own analysis" : `The analysis ${name}`;
    const subject = { cluster: input.run.cluster, ...input };
    return tellAnalysis(called, subject, judgeAnalysis(parts), inOrder(template, parts));
  } finally {
    done.abort();
    pods.close();
  }
}

/** As the template names them, and not as they came to an end. */
function inOrder({ metrics }: AnalysisTemplate, parts: readonly Part[]): Part[] {
  const place = ({ metric }: Part) => metrics.findIndex(({ name }) => name === metric) + 1 || metrics.length + 1;
  return parts.toSorted((a, b) => place(a) - place(b));
}

function measuringOf({ context, input, name, metrics }: Analysis, pods: PodWatch, signal: AbortSignal): Measuring {
  const { run, route, wave, namespaces } = input;
  return {
    context,
    run,
    id: `gate/${wave}/${name ?? 'analysis'}`,
    prometheus: createPrometheus(metrics),
    scope: {
      revision: route.to.sidecar.revision ?? '',
      control: route.from.sidecar.revision ?? '',
      // A wave of gateways, or of what runs on every node, shows in the whole mesh.
      namespaces: namespaces.length === 0 ? null : namespaces,
      window: `${metrics.window}s`,
      revisionLabel: metrics.revisionLabel,
    },
    before: () => justBefore(pods.look().pods),
    signal,
  };
}

/** Rates over a window say something of the new pods only when all of them have been there for as long. */
async function untilSettled(
  pods: PodWatch,
  windowMs: number,
  stopAt: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const now = Date.now();
  const newest = Math.max(...bornAt(pods.look().pods), now - windowMs);
  const settled = Math.min(newest, now) + windowMs;
  const latest = stopAt === undefined ? settled : Math.min(settled, Date.parse(stopAt));
  await delay(Math.max(latest - now, 0), undefined, { signal });
}

/** Before the first of these pods was made, the old revision was there alone. */
function justBefore(pods: readonly Pod[]): Date | null {
  const births = bornAt(pods);
  return births.length === 0 ? null : new Date(Math.min(...births) - 1_000);
}

function bornAt(pods: readonly Pod[]): number[] {
  return pods.flatMap(({ metadata: { creationTimestamp } }) =>
    creationTimestamp === undefined ? [] : [Date.parse(creationTimestamp)],
  );
}

/** Measures one metric until its verdict is there. */
async function untilDecided(measuring: Measuring, metric: AnalysisMetric, stopAt: string | undefined): Promise<Part> {
  const outcomes: Verdict[] = [];
  const kept: Partial<Record<Verdict, Measurement>> = {};
  for (let nth = 1; ; nth++) {
    const measurement = await measure(measuring, metric);
    const isNews = nth <= metric.count || nth % RARELY === 0 || outcomes.at(-1) !== measurement.verdict;
    if (isNews) await noteMeasurement(measuring, measurement, nth);
    outcomes.push(measurement.verdict);
    kept[measurement.verdict] = measurement;
    const verdict = decide(metric, outcomes, stopAt);
    if (verdict !== null) return { ...(kept[verdict] ?? measurement), verdict, dryRun: metric.dryRun };
    await delay(Math.min(metric.interval * 1_000, leftUntil(stopAt)), undefined, { signal: measuring.signal });
  }
}

function decide(metric: AnalysisMetric, outcomes: readonly Verdict[], stopAt: string | undefined): Verdict | null {
  if (stopAt === undefined) return judgeMetric(metric, outcomes);
  return judgeMetricUntil(metric, outcomes, leftUntil(stopAt) === 0);
}

function leftUntil(stopAt: string | undefined): number {
  return stopAt === undefined ? Number.POSITIVE_INFINITY : Math.max(Date.parse(stopAt) - Date.now(), 0);
}

/** Looks at the pods for as long as something is measured; a complaint ends it. */
async function watchHealth(pods: PodWatch, measured: Promise<unknown>, signal: AbortSignal): Promise<Part> {
  const over = measured.then(() => true);
  for (let isOver = false; ;) {
    signal.throwIfAborted();
    const part = judgeSight(pods.look());
    if (part.verdict === 'failed' || isOver) return part;
    isOver = await Promise.race([pods.next(LOOK_AGAIN_MS, signal).then(() => false), over]);
  }
}

/** Waits for all parts; once the analysis is done, those that were cut short do not count. */
async function allUnlessDone(parts: readonly Promise<void>[], done: AbortSignal): Promise<void> {
  const ends = await Promise.allSettled(parts);
  const fault = ends.find((end) => end.status === 'rejected');
  if (fault !== undefined && !done.aborted) throw fault.reason;
}
