import { rounded, spreadOf, type Spread } from '../support/statistics.js';
import { METHODS, type Method, type Rate, type RunResult } from './result.js';

/** All runs of one method on one mesh. */
export interface Cell {
  readonly size: string;
  readonly rate: Rate;
  readonly method: Method;
  readonly runs: readonly RunResult[];
  /** Of the runs that came to their end and were what they should be. */
  readonly seconds: Spread | null;
}

/** Puts the runs of the same method on the same mesh together, the smaller mesh first. */
export function cellsOf(results: readonly RunResult[]): Cell[] {
  const groups = new Map<string, RunResult[]>();
  for (const result of results) {
    const key = `${result.size} ${result.rate} ${result.method}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()]
    .map(cellOf)
    .sort(
      (one, other) => podsIn(one) - podsIn(other) || one.rate.localeCompare(other.rate) || order(one) - order(other),
    );
}

function cellOf(runs: readonly RunResult[]): Cell {
  const [first] = runs;
  if (first === undefined) throw new Error('a cell without a run');
  const seconds = spreadOf(
    runs.flatMap(({ seconds: took, faults }) => (took === null || faults.length > 0 ? [] : [took])),
  );
  return { size: first.size, rate: first.rate, method: first.method, runs, seconds };
}

const podsIn = ({ runs }: Cell) => runs[0]?.pods ?? 0;
const order = ({ method }: Cell) => METHODS.indexOf(method);

/** The cell of another method on the same mesh. */
export function sibling(cells: readonly Cell[], cell: Pick<Cell, 'size' | 'rate'>, method: Method): Cell | null {
  return cells.find((other) => other.size === cell.size && other.rate === cell.rate && other.method === method) ?? null;
}

/** How many times as long as the other one takes, by the medians. */
export function timeRatio(one: Cell | null, other: Cell | null): number | null {
  if (one?.seconds == null || other?.seconds == null) return null;
  return rounded(one.seconds.median / other.seconds.median, 3);
}

/** Median of something over the runs of a cell. */
export function medianOf({ runs }: Cell, pick: (run: RunResult) => number): number {
  return rounded(spreadOf(runs.map(pick))?.median ?? 0, 1);
}

/** The greatest of something over the runs of a cell. */
export function mostOf({ runs }: Cell, pick: (run: RunResult) => number): number {
  return Math.max(0, ...runs.map(pick));
}
