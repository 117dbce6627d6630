import { markdownTable } from '../support/statistics.js';
import { cellsOf, mostOf, type Cell } from './cells.js';
import { budgetOf } from './figures.js';
import type { RunResult } from './result.js';
import { boundRows, sectionsOf, speedOf, troubleOf } from './tables.js';

const HEADER = [
  'method',
  'runs',
  'seconds, median (min to max)',
  'x floor',
  'guide x',
  'pods/min',
  'most unavailable (budget)',
  'most extra',
  'requests of its own',
  '429',
  'left on old',
  'restarted twice',
];

/** The tables of docs/explanation/performance.md: one for each mesh and rate. */
export function pageTables(results: readonly RunResult[]): string {
  const cells = cellsOf(results);
  return sectionsOf(cells)
    .map(({ title, rows }) => {
      const lines = [...rows.map((cell) => row(cell, cells)), ...boundRows(rows)];
      const wide = lines.map((line) => [...line, ...HEADER.slice(line.length).map(() => '')]);
      return `### ${title}\n\n${markdownTable(HEADER, wide)}`;
    })
    .join('\n\n');
}

function row(cell: Cell, cells: readonly Cell[]): string[] {
  const [budget] = cell.runs.map(budgetOf).filter((pods) => pods !== null);
  return [
    ...speedOf(cell, cells),
    `${mostOf(cell, ({ observation }) => observation.peakUnavailable)}${budget === undefined ? '' : ` (${budget})`}`,
    String(mostOf(cell, ({ observation }) => observation.peakExtra)),
    ...troubleOf(cell),
  ];
}
