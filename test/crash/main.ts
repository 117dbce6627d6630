/**
 * `npm run test:crash`: the worker is killed just before and just after every operation of the upgrade and of the rollbacks.
 * Arguments: none for everything, or a regular expression for the scenarios and another for their rows.
 * MESHLIFT_CRASH_KILLS_PER_RUN=1 gives each row a run of its own.
 */
import { meets, reportFigures, type Figure } from '../support/figures.js';
import { rowsOf, type Row } from './rows.js';
import { SCENARIOS } from './scenarios.js';

const killsPerRun = Number(process.env['MESHLIFT_CRASH_KILLS_PER_RUN'] ?? 8);
const [, , scenarios = '', wanted = ''] = process.argv;
const pattern = new RegExp(wanted);
const whole = scenarios === '' && wanted === '';
/** The upgrade, and the rollback from either gate, each with every operation twice. */
const ROWS_AT_LEAST = 250;

const rows: Row[] = [];
for (const scenario of SCENARIOS.filter(({ name }) => new RegExp(scenarios).test(name))) {
  rows.push(
    ...(await rowsOf(scenario, {
      killsPerRun,
      wanted: (row) => pattern.test(row),
      say: (line) => console.log(line),
    })),
  );
}
const failures = rows.filter(({ faults }) => faults.length > 0);
const figures: Figure[] = [
  { key: 'crash.rows', value: rows.length, unit: 'rows', goal: ['>=', whole ? ROWS_AT_LEAST : 1] },
  { key: 'crash.failures', value: failures.length, unit: 'rows', goal: ['==', 0] },
];
await reportFigures('crash', figures, { killsPerRun, scenarios, wanted, rows });
process.exit(figures.every(meets) ? 0 : 1);
