import type { Measurement } from '../../domain/gate-verdict.js';
import { comparesControl, judgeMeasurement, thresholdOf, type Reading } from '../../domain/gates/measurement.js';
import { fillQuery, type QueryScope } from '../../domain/gates/query.js';
import { tellMeasurement } from '../../domain/gates/sentences.js';
import type { AnalysisMetric } from '../../domain/policy/analysis-template.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { readControl, type Control } from './control.js';
import type { Prometheus } from './prometheus.js';

/** What all measurements of one analysis share. */
export interface Measuring {
  readonly context: ActivityContext;
  readonly run: RunRef;
  /** Begins the ids of its operations, for instance `gate/canary/istio-defaults`. */
  readonly id: string;
  readonly prometheus: Prometheus;
  readonly scope: QueryScope;
  readonly before: () => Date | null;
  readonly signal: AbortSignal;
}

/** A query that names thousands of namespaces is asked whole, and shown in part. */
const SHOWN = 4_000;

/** Measures a metric once and judges it. */
export async function measure(measuring: Measuring, metric: AnalysisMetric): Promise<Measurement> {
  const query = fillQuery(metric.query, measuring.scope);
  const shown = query.length > SHOWN ? `${query.slice(0, SHOWN)}...` : query;
  return { ...(await ask(measuring, metric, query)), query: shown, link: measuring.prometheus.link(shown) };
}

/** Writes a measurement into the journal: what was asked, what the answer was, and what it means. */
export async function noteMeasurement(
  { context, run, id, prometheus }: Measuring,
  measurement: Measurement,
  nth: number,
): Promise<void> {
  const argv = prometheus.argv(measurement.query ?? '');
  const intent = { id: `${id}/${measurement.metric}/${nth}`, argv, mutating: false };
  await recordOperation(context.journal, run, intent, () =>
    Promise.resolve({
      outcome: 'succeeded',
      tail: `${tellMeasurement(measurement)}: ${measurement.verdict}`,
      value: undefined,
    }),
  );
}

async function ask(
  { prometheus, scope, before, signal }: Measuring,
  metric: AnalysisMetric,
  query: string,
): Promise<Measurement> {
  const [value, volume, control] = await Promise.all([
    prometheus.ask(query, signal),
    metric.volume === undefined ? undefined : prometheus.ask(fillQuery(metric.volume.query, scope), signal),
    comparesControl(metric) ? readControl(prometheus, { metric, scope, before: before(), signal }) : undefined,
  ]);
  const sample = { value, ...(volume && { volume }), ...(control && { control: control.reading }) };
  const { verdict, detail } = judgeMeasurement(metric, sample);
  return withoutUndefined({
    metric: metric.name,
    verdict,
    value: numberOf(value),
    control: numberOf(control?.reading),
    threshold: thresholdOf(metric),
    detail: detail ?? whereOf(control),
  });
}

function whereOf(control: Control | undefined): string | undefined {
  if (control?.reading.kind !== 'value' || control.where === undefined) return undefined;
  return control.where;
}

function numberOf(reading?: Reading): number | undefined {
  return reading?.kind === 'value' && Number.isFinite(reading.value) ? reading.value : undefined;
}

type Loose<Whole> = { [Field in keyof Whole]: Whole[Field] | undefined };

function withoutUndefined(loose: Loose<Measurement>): Measurement {
  return Object.fromEntries(Object.entries(loose).filter(([, value]) => value !== undefined)) as unknown as Measurement;
}
