import { podsOf } from '../../domain/policy/schema.js';
import type { Figure } from '../../test/support/figures.js';
import { rounded } from '../support/statistics.js';
import { mostOf, sibling, timeRatio, type Cell } from './cells.js';
import type { Method, Rate, RunResult } from './result.js';

type Goal = Figure['goal'];

/** Methods whose budget is the policy's default: 5 % of the pods. */
const INSIDE_DEFAULT: readonly Method[] = ['f', 'h5', 'p'];
const OURS: readonly Method[] = ['f', 'g', 'h5', 'h1', 'p'];

/** The figures that count, as far as what they need was measured. Where several cells have one, the worst of them counts. */
export function figuresOf(cells: readonly Cell[]): Figure[] {
  const ours = cells.filter(({ method }) => OURS.includes(method)).flatMap(({ runs }) => runs);
  const largest = cells.at(-1)?.size;
  const ratios = (one: Method, other: Method, where: (cell: Cell) => boolean = () => true) =>
    cells
      .filter((cell) => cell.method === one && where(cell))
      .flatMap((cell) => timeRatio(cell, sibling(cells, cell, other)) ?? []);
  const at = (rate: Rate) => (cell: Cell) => cell.rate === rate && cell.size === largest;
  const stock = (cell: Cell) => cell.rate === 'stock';
  const meshlift = (pick: (figures: NonNullable<RunResult['meshlift']>) => number | null | undefined) =>
    ours.flatMap((run) => (run.meshlift === undefined ? [] : (pick(run.meshlift) ?? [])));
  return [
    ...worst('migrate.floor_ratio', 'x', ['<=', 1.1], ratios('g', 'd')),
    ...worst('migrate.floor_ratio_default', 'x', ['<=', 1.25], ratios('f', 'd')),
    ...worst('migrate.guide_ratio', 'x', ['>=', 8], ratios('a', 'f', at('raised'))),
    ...worst('migrate.guide_ratio_stock', 'x', ['>=', 1.8], ratios('a', 'f', at('stock'))),
    ...worst('migrate.evict_ratio_stock', 'x', ['>=', 2], ratios('c', 'h5', stock)),
    ...worst('migrate.evict_ratio_stock_one_pod', 'x', ['>=', 3], ratios('c', 'h1', stock)),
    ...worst('migrate.peak_unavailable_ratio', 'x', ['<=', 0.5], peakRatios(cells)),
    ...(ours.length === 0 ? [] : counts(ours)),
    ...worst('overhead.ms_per_workload', 'ms', ['<=', 20], overheads(cells)),
    ...worst(
      'pause.seconds',
      's',
      ['<=', 2],
      meshlift(({ pauseSeconds }) => pauseSeconds),
    ),
    ...worst(
      'resume_after_kill.seconds',
      's',
      ['<=', 15],
      meshlift(({ resumeAfterKillSeconds }) => resumeAfterKillSeconds),
    ),
  ];
}

function worst(key: string, unit: string, goal: Goal, values: readonly number[]): Figure[] {
  if (values.length === 0) return [];
  const value = goal[0] === '>=' ? Math.min(...values) : Math.max(...values);
  return [{ key, value: rounded(value, 3), unit, goal }];
}

/** What must never be, over every run of Meshlift. */
function counts(ours: readonly RunResult[]): Figure[] {
  const sum = (pick: (run: RunResult) => number) => ours.reduce((total, run) => total + pick(run), 0);
  const none: Goal = ['==', 0];
  return [
    {
      key: 'migrate.double_restarts',
      value: sum(({ observation }) => observation.doubleRestarts.length),
      unit: 'workloads',
      goal: none,
    },
    { key: 'migrate.left_on_old', value: sum(({ observation }) => observation.atEnd.old), unit: 'pods', goal: none },
    { key: 'migrate.budget_breaches', value: sum((run) => (breaks(run) ? 1 : 0)), unit: 'runs', goal: none },
  ];
}

/** Whether more pods were unavailable at once than the default budget allows. */
export function breaks(run: RunResult): boolean {
  return run.observation.peakUnavailable > (budgetOf(run) ?? Infinity);
}

/** Pods that may be unavailable in a run; null for a method without that budget. */
export function budgetOf({ method, pods }: RunResult): number | null {
  return INSIDE_DEFAULT.includes(method) ? podsOf('5%', pods) : null;
}

function peakRatios(cells: readonly Cell[]): number[] {
  const peak = (cell: Cell) => mostOf(cell, ({ observation }) => observation.peakUnavailable);
  return cells
    .filter(({ method }) => method === 'f')
    .flatMap((cell) => {
      const rival = sibling(cells, cell, 'c');
      return rival === null || peak(rival) === 0 ? [] : [peak(cell) / peak(rival)];
    });
}

function overheads(cells: readonly Cell[]): number[] {
  return cells
    .filter(({ method }) => method === 'g')
    .flatMap((cell) => {
      const floor = sibling(cells, cell, 'd');
      const workloads = cell.runs[0]?.workloads ?? 0;
      if (cell.seconds === null || floor?.seconds == null || workloads === 0) return [];
      return [((cell.seconds.median - floor.seconds.median) * 1000) / workloads];
    });
}
