import type { Plan } from '../../domain/plan.js';
import { shortDuration } from './elapsed.js';
import { findingLines } from './findings.js';
import { createPen, type Pen, type RenderOptions } from './pen.js';
import { counted, joined, wrap } from './text.js';

/** Draws a plan: route, findings, waves, commands, estimate. Commands stand whole, so that they can be copied. */
export function renderPlan(plan: Plan, options: Pick<RenderOptions, 'width' | 'color' | 'ascii'>): string {
  const pen = createPen(options);
  return joined([
    routeLine(plan, pen),
    ...section(
      'Findings',
      plan.findings.flatMap((finding) => findingLines(finding, pen).map((line) => `  ${line}`)),
      pen,
    ),
    ...section('Waves', waveLines(plan, pen), pen),
    ...section(
      'What a person would type',
      plan.commands.map((command) => pen.whole([`  ${command}`])),
      pen,
    ),
    ...section(
      'Estimate',
      wrap(estimate(plan), pen.width - 2).map((text) => pen.line([`  ${text}`])),
      pen,
    ),
    ...section('Plan hash', [pen.whole([`  ${plan.hash}`, 'dim'])], pen),
  ]);
}

function routeLine({ cluster, release, route }: Plan, pen: Pen): string {
  const { dot, arrow } = pen.glyphs;
  if (route === null) return pen.line([cluster, 'bold'], [` ${dot} no way to ${release}`, 'red']);
  const { from, to } = route;
  return pen.line(
    [cluster, 'bold'],
    [` ${dot} ${from.version} (${from.revision}) ${arrow} ${to.version} (${to.revision})`],
  );
}

function waveLines({ waves, options }: Plan, pen: Pen): string[] {
  const soak = options.soakSeconds === 0 ? '' : `after ${shortDuration(options.soakSeconds)} of watching, `;
  return waves.flatMap(({ name, namespaces, gate }, index) => [
    pen.line([`  ${index + 1}. ${name}`, 'bold'], [` ${pen.glyphs.dot} ${counted(namespaces.length, 'namespace')}`]),
    ...wrap(namespaces.join(', '), pen.width - 5).map((text) => pen.line([`     ${text}`])),
    pen.line([`     then ${soak}gate ${gate} waits for promotion`, 'dim']),
  ]);
}

function estimate({ totals, estimateMinutes, options }: Plan): string {
  const { namespaces, workloads, pods } = totals;
  const amount = `${counted(namespaces, 'namespace')}, ${counted(workloads, 'workload')}, ${counted(pods, 'pod')}`;
  const limit = `a gate waits up to ${shortDuration(options.promotionTimeoutSeconds)}`;
  return `${estimateMinutes.from} to ${estimateMinutes.to} minutes for ${amount}, without the waiting at gates (${limit})`;
}

function section(title: string, lines: readonly string[], pen: Pen): string[] {
  return lines.length === 0 ? [] : ['', pen.line([title, 'bold']), ...lines];
}
