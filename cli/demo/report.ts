import type { ProofLine, RunState } from '../../domain/run.js';

/** Pods by namespace and proxy version: `{ cart: { '1.6.13': 3 } }`. */
export type PodTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What the demo saw with its own eyes, for its last table. */
export interface DemoReport {
  readonly before: PodTable;
  readonly after: PodTable;
  readonly run: RunState;
  /** Checks that the demo made itself through kubectl, independent of the run's own proof. */
  readonly checks: readonly ProofLine[];
  /** Seconds per part of the demo that is not a phase of the run. */
  readonly setUp: readonly { readonly name: string; readonly seconds: number }[];
}

/** Draws the report as lines of plain text: pods per proxy version, durations, checks. */
export function renderReport(report: DemoReport): string[] {
  return [
    '',
    ...section('Pods by proxy version', podRows(report)),
    ...section('Durations', durationRows(report)),
    ...section('Proven by the run', checkRows(report.run.proof)),
    ...section('Checked by the demo, through kubectl', checkRows(report.checks)),
  ];
}

/** Whether everything that was proven and checked is so. Nothing proven means no. */
export function isVerified(report: DemoReport): boolean {
  const lines = [...report.run.proof, ...report.checks];
  return report.run.proof.length > 0 && report.checks.length > 0 && lines.every((line) => line.ok);
}

function section(title: string, rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [title, ...lines, ''];
}

function podRows({ before, after }: DemoReport): string[][] {
  const namespaces = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const rows = namespaces.map((namespace) => [
    namespace,
    versions(before[namespace]),
    '->',
    versions(after[namespace]),
  ]);
  return [['NAMESPACE', 'BEFORE', '', 'AFTER'], ...rows];
}

function versions(row: Readonly<Record<string, number>> | undefined): string {
  const entries = Object.entries(row ?? {}).map(([tag, pods]) => `${pods} x ${tag === 'none' ? 'no sidecar' : tag}`);
  return entries.length === 0 ? 'no pods' : entries.join(', ');
}

function durationRows({ run, setUp }: DemoReport): string[][] {
  const phases = run.timeline.map(({ phase, at, note }, index) => {
    const end = run.timeline[index + 1]?.at;
    const seconds = end === undefined ? null : (Date.parse(end) - Date.parse(at)) / 1000;
    return [
      `run: ${phase}${note === undefined ? '' : ` (${note})`}`,
      seconds === null ? '' : `${seconds.toFixed(1)} s`,
    ];
  });
  return [...setUp.map(({ name, seconds }) => [name, `${seconds.toFixed(1)} s`]), ...phases];
}

function checkRows(lines: readonly ProofLine[]): string[][] {
  return lines.map(({ ok, name, detail }) => [ok ? 'ok' : 'FAILED', name, detail]);
}
