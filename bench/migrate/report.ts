import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportFigures } from '../../test/support/figures.js';
import { cellsOf } from './cells.js';
import { breaks, figuresOf } from './figures.js';
import type { RunResult } from './result.js';
import { tablesOf } from './tables.js';

/** Writes tables and figures of all runs in a folder, and prints them. */
export async function report(out: string, results: readonly RunResult[]): Promise<void> {
  const cells = cellsOf(results);
  const tables = tablesOf(cells);
  await writeFile(join(out, 'tables.md'), `${tables}\n`);
  console.log(`${tables}\n`);
  for (const run of results) {
    const faults = [
      ...run.faults,
      ...(breaks(run) ? [`${run.observation.peakUnavailable} pods were unavailable`] : []),
    ];
    for (const fault of faults)
      console.log(`FAULT ${run.size} ${run.rate} (${run.method}) round ${run.round}: ${fault}`);
  }
  const medians = cells.map(({ size, rate, method, runs, seconds }) => ({
    size,
    rate,
    method,
    runs: runs.length,
    seconds,
  }));
  await reportFigures('migrate', figuresOf(cells), { raw: out, medians });
}
