import { isFinal, wasTouched } from '../../domain/phases.js';
import type { Wave } from '../../domain/plan.js';
import type { NamespaceState, NamespaceStatus, RunState } from '../../domain/run.js';
import { workloadName, type WorkloadProgress } from '../../domain/workload.js';
import { between } from './elapsed.js';
import type { Glyph, Pen, Style } from './pen.js';
import { counted } from './text.js';

/** What the tree is drawn from. */
export interface TreeInput {
  readonly state: RunState;
  readonly workloads: readonly WorkloadProgress[];
  readonly now: number;
  /** Counts namespaces where nothing happens instead of naming them. */
  readonly folded: boolean;
}

const LOOKS: Readonly<Record<NamespaceStatus, readonly [word: string, glyph: Glyph, style: Style]>> = {
  failed: ['failed', 'failed', 'red'],
  moving: ['moving', 'moving', 'cyan'],
  movingBack: ['moving back', 'back', 'cyan'],
  waiting: ['waiting', 'waiting', 'dim'],
  moved: ['moved', 'done', 'green'],
  movedBack: ['moved back', 'done', 'green'],
  skipped: ['skipped', 'skipped', 'yellow'],
};
const WORKLOAD_LOOKS: Readonly<Record<WorkloadProgress['status'], readonly [glyph: Glyph, style: Style]>> = {
  waiting: ['waiting', 'dim'],
  restarting: ['moving', 'cyan'],
  moved: ['done', 'green'],
  failed: ['failed', 'red'],
};
/** Where something happens or must happen: shown with its workloads, and never folded. */
const LIVELY: readonly NamespaceStatus[] = ['failed', 'moving', 'movingBack'];
const NAME_LIMIT = 48;

/** One row per wave, with its namespaces and their workloads below it. */
export function waveLines(input: TreeInput, pen: Pen): string[] {
  const { state } = input;
  const column = nameColumn(input);
  return (state.plan?.waves ?? []).flatMap((wave, index) => {
    const rows = state.namespaces.filter((row) => row.wave === index);
    return [
      waveLine({ state, wave, rows, column }, pen),
      ...namespaceLines(rows, input, column, pen),
      ...gatewayLines(wave, input, column, pen),
    ];
  });
}

function waveLine(
  { state, wave, rows, column }: { state: RunState; wave: Wave; rows: readonly NamespaceState[]; column: number },
  pen: Pen,
): string {
  const [, glyph, style] = LOOKS[statusOfWave(rows)];
  return pen.line(
    [`${pen.glyphs[glyph]} `, style],
    [`wave ${wave.name}`.padEnd(column + 2), 'bold'],
    [share(rows, state.rollback !== null)],
    [` ${pen.glyphs.dot} ${gateWords(state, wave)}`, 'dim'],
  );
}

/** Who has promoted at its gate; one that needs more people is not open yet. */
function gateWords({ promotions, phase }: RunState, { gate }: Wave): string {
  const people = promotions.filter((promotion) => promotion.gate === gate).map(({ by }) => by);
  if (people.length === 0) return `gate ${gate}`;
  const isOpen = phase.name !== 'awaitingPromotion' || phase.gate !== gate;
  return `gate ${gate} ${isOpen ? 'opened' : 'promoted'} by ${people.join(', ')}`;
}

/** On the way back only what was touched counts: the rest of the wave stays where it was. */
function share(rows: readonly NamespaceState[], goingBack: boolean): string {
  const wanted = goingBack ? rows.filter(wasTouched) : rows;
  const done = wanted.filter(({ status }) => status === (goingBack ? 'movedBack' : 'moved'));
  return `${done.length}/${wanted.length}${goingBack ? ' back' : ''}`;
}

/** The wave is as its liveliest namespace; it is done when all of them are. */
function statusOfWave(rows: readonly NamespaceState[]): NamespaceStatus {
  const order: readonly NamespaceStatus[] = ['failed', 'movingBack', 'moving', 'waiting', 'moved', 'movedBack'];
  return order.find((status) => rows.some((row) => row.status === status)) ?? (rows.length === 0 ? 'moved' : 'skipped');
}

function namespaceLines(rows: readonly NamespaceState[], input: TreeInput, column: number, pen: Pen): string[] {
  const shown = input.folded ? rows.filter(({ status }) => LIVELY.includes(status)) : rows;
  return [
    ...shown.flatMap((row) => [
      namespaceLine(row, input, column, pen),
      ...workloadsOf(row, input.workloads).map((progress) => workloadLine(progress, column, pen)),
    ]),
    ...(input.folded ? foldedLines(rows, input.state, pen) : []),
  ];
}

/** Gateways and the parts of every node are few, and what everybody looks at: each has its line. */
function gatewayLines(wave: Wave, { state, workloads }: TreeInput, column: number, pen: Pen): string[] {
  const isBack = state.phase.name === 'rolledBack';
  return partsOf(wave).map(({ kind, word, place, unit }) => {
    const progress = workloads.find(({ workload }) => workloadName(workload) === `${kind} ${place}`);
    const [glyph, style] = WORKLOAD_LOOKS[progress?.status ?? (isBack ? 'moved' : 'waiting')];
    const untold = isBack ? 'as before' : 'waiting';
    const counts = progress === undefined ? untold : `${progress.moved}/${counted(progress.desired, unit)}`;
    const why = progress?.detail === undefined ? '' : ` ${pen.glyphs.dot} ${progress.detail}`;
    return pen.line(
      [`  ${pen.glyphs[glyph]} `, style],
      [`${word} ${place}`.padEnd(column)],
      [`${counts}${why}`, progress?.status === 'failed' ? 'red' : 'dim'],
    );
  });
}

/** What a wave moves beside its namespaces. */
function partsOf({ agents = [], gateways = [] }: Wave) {
  return [
    ...agents.map(({ daemonSet }) => ({ kind: 'DaemonSet', word: 'DaemonSet', place: daemonSet, unit: 'node' })),
    ...gateways.map(({ deployment }) => ({ kind: 'Deployment', word: 'gateway', place: deployment, unit: 'pod' })),
  ];
}

function foldedLines(rows: readonly NamespaceState[], state: RunState, pen: Pen): string[] {
  const quiet: readonly NamespaceStatus[] = ['waiting', 'moved', 'movedBack', 'skipped'];
  return quiet.flatMap((status) => {
    const count = rows.filter((row) => row.status === status).length;
    const [, glyph, style] = LOOKS[status];
    const word = wordFor(status, state);
    return count === 0
      ? []
      : [pen.line([`  ${pen.glyphs[glyph]} `, style], [`${counted(count, 'namespace')} ${word}`])];
  });
}

/** What the run will not move any more does not wait. */
function wordFor(status: NamespaceStatus, { phase, rollback }: RunState): string {
  return status === 'waiting' && (rollback !== null || isFinal(phase)) ? 'not touched' : LOOKS[status][0];
}

function namespaceLine(row: NamespaceState, { state, now }: TreeInput, column: number, pen: Pen): string {
  const [, glyph, style] = LOOKS[row.status];
  const parts = [
    wordFor(row.status, state),
    ...amounts(row),
    ...time(row, now),
    ...(row.detail === undefined ? [] : [row.detail]),
  ];
  return pen.line(
    [`  ${pen.glyphs[glyph]} `, style],
    [row.namespace.padEnd(column)],
    [parts.join(` ${pen.glyphs.dot} `), style],
  );
}

function amounts({ workloads, pods }: NamespaceState): string[] {
  return workloads === undefined || pods === undefined
    ? []
    : [`${counted(workloads, 'workload')}, ${counted(pods, 'pod')}`];
}

function time({ status, startedAt, finishedAt }: NamespaceState, now: number): string[] {
  // A namespace that waits or was skipped may have been started once, before a retry.
  if (startedAt === undefined || status === 'waiting' || status === 'skipped') return [];
  return [between(startedAt, finishedAt ?? now)];
}

function workloadLine(
  { workload, status, moved, desired, detail }: WorkloadProgress,
  column: number,
  pen: Pen,
): string {
  const [glyph, style] = WORKLOAD_LOOKS[status];
  return pen.line(
    [`    ${pen.glyphs[glyph]} `, style],
    [`${workload.kind} ${workload.name}`.padEnd(column - 2)],
    [`${moved}/${counted(desired, 'pod')}`],
    [detail === undefined ? '' : ` ${pen.glyphs.dot} ${detail}`, status === 'failed' ? 'red' : 'dim'],
  );
}

function workloadsOf(row: NamespaceState, workloads: readonly WorkloadProgress[]): readonly WorkloadProgress[] {
  if (!LIVELY.includes(row.status)) return [];
  return workloads
    .filter(({ workload }) => workload.namespace === row.namespace)
    .toSorted((one, other) => label(one).localeCompare(label(other), 'en'));
}

function label({ workload }: WorkloadProgress): string {
  return `${workload.name} ${workload.kind}`;
}

/** Width of the names, two spaces included, so that what follows them stands in one column. */
function nameColumn({ state, workloads }: TreeInput): number {
  const widths = state.namespaces.flatMap((row) => [
    row.namespace.length,
    ...workloadsOf(row, workloads).map(({ workload }) => `${workload.kind} ${workload.name}`.length + 2),
  ]);
  const waves = (state.plan?.waves ?? []).flatMap((wave) => [
    `wave ${wave.name}`.length - 2,
    ...partsOf(wave).map(({ word, place }) => `${word} ${place}`.length),
  ]);
  return (
    Math.min(
      NAME_LIMIT,
      [...widths, ...waves].reduce((widest, width) => Math.max(widest, width), 10),
    ) + 2
  );
}
