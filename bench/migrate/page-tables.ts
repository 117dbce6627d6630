import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { podsOf } from '../../domain/policy/schema.js';
import { markdownTable } from '../support/statistics.js';
import { cellsOf, mostOf, type Cell } from './cells.js';
import { INSIDE_DEFAULT } from './figures.js';
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

/** Every run that is kept in a folder, with those that did not come to their end: what they left on the old proxy counts. */
export async function readResults(dir: string): Promise<RunResult[]> {
  const files = (await readdir(dir)).filter((name) => /^\d+x\d+-.*\.(json|failed)$/.test(name)).sort();
  return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(dir, name), 'utf8')) as RunResult));
}

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
  const budget = INSIDE_DEFAULT.includes(cell.method) ? ` (${podsOf('5%', cell.runs[0]?.pods ?? 0)})` : '';
  return [
    ...speedOf(cell, cells),
    `${mostOf(cell, ({ observation }) => observation.peakUnavailable)}${budget}`,
    String(mostOf(cell, ({ observation }) => observation.peakExtra)),
    ...troubleOf(cell),
  ];
}
