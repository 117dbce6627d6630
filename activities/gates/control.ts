import { round, type Reading } from '../../domain/gates/measurement.js';
import { controlScope, fillQuery, type QueryScope } from '../../domain/gates/query.js';
import type { AnalysisMetric } from '../../domain/policy/analysis-template.js';
import type { Prometheus } from './prometheus.js';

/** What the old revision has, and where that was looked for. */
export interface Control {
  readonly reading: Reading;
  readonly where?: string;
}

export interface ControlQuestion {
  readonly metric: AnalysisMetric;
  readonly scope: QueryScope;
  /** Just before the first pod of the wave was replaced; null when no pod tells. */
  readonly before: Date | null;
  readonly signal: AbortSignal;
}

/**
 * The old revision at the same moment. Where the wave has left nothing of it in its namespaces, what it does everywhere else,
 * and what it did in these namespaces before the wave, are asked, and the one that is kinder to the new revision counts: neither
 * a fault that the whole mesh has, nor namespaces that always were slow, are the new revision's fault.
 */
export async function readControl(prometheus: Prometheus, question: ControlQuestion): Promise<Control> {
  const { metric, scope, before, signal } = question;
  const ask = (namespaces: QueryScope['namespaces'], at?: Date) =>
    readWithVolume(prometheus, metric, controlScope(scope, namespaces), { signal, ...(at && { at }) });
  const beforeIt = async (): Promise<Control> => ({
    reading: before === null ? { kind: 'none' } : await ask(scope.namespaces, before),
    where: 'in these namespaces before the wave',
  });
  // In place there is only one revision, and before the wave is when it was the old one.
  if (scope.control === scope.revision) return beforeIt();
  const here = await ask(scope.namespaces);
  if (here.kind !== 'none') return { reading: here };
  const elsewhere = { reading: await ask(null), where: 'in other namespaces at the same moment' };
  return kinder(metric, [elsewhere, await beforeIt()]);
}

/** A value counts only where there was enough to measure, as it does for the new revision. */
async function readWithVolume(
  prometheus: Prometheus,
  metric: AnalysisMetric,
  scope: QueryScope,
  { signal, at }: { readonly signal: AbortSignal; readonly at?: Date },
): Promise<Reading> {
  if (metric.volume !== undefined) {
    const volume = await prometheus.ask(fillQuery(metric.volume.query, scope), signal, at);
    if (volume.kind === 'error') return volume;
    if (volume.kind === 'none' || volume.value < metric.volume.min) return { kind: 'none' };
  }
  return prometheus.ask(fillQuery(metric.query, scope), signal, at);
}

/** Of two that say the same, the one of the same moment, which comes first. */
function kinder(metric: AnalysisMetric, controls: readonly Control[]): Control {
  const sign = metric.maxRatioToControl === undefined ? -1 : 1;
  const usable = controls.filter(({ reading }) => reading.kind === 'value');
  const chosen = usable.toSorted((a, b) => sign * (valueOf(b) - valueOf(a)))[0];
  return chosen ?? controls.find(({ reading }) => reading.kind === 'error') ?? { reading: { kind: 'none' } };
}

function valueOf({ reading }: Control): number {
  return reading.kind === 'value' ? round(reading.value) : 0;
}
