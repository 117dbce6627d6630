/**
 * `npm run test:crash`: the worker is killed just before and just after every operation of the upgrade and of the rollbacks.
 * Arguments: none for everything, or a regular expression for the scenarios and another for their rows.
 * MESHLIFT_CRASH_KILLS_PER_RUN=1 gives each row a run of its own. MESHLIFT_CRASH_AT_ONCE=4 goes all ways at once, each on
 * a mesh of its own: most of the time is waited until Temporal gives the work of a dead worker to the next one.
 */
import { meets, reportFigures, type Figure } from '../support/figures.js';
import { rowsOf, type Row } from './rows.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

const killsPerRun = Number(process.env['MESHLIFT_CRASH_KILLS_PER_RUN'] ?? 8);
const atOnce = Number(process.env['MESHLIFT_CRASH_AT_ONCE'] ?? 2);
const [, , scenarios = '', wanted = ''] = process.argv;
const pattern = new RegExp(wanted);
const whole = scenarios === '' && wanted === '';
/** The upgrade, the rollback from either gate, and the one to 1.5, each with every operation twice: 394 were seen. */
const ROWS_AT_LEAST = 380;

const rows: Row[] = [];
const waiting = SCENARIOS.filter(({ name }) => new RegExp(scenarios).test(name));

/** Takes one scenario after the other until none is left. */
async function takeScenarios(): Promise<void> {
  for (let scenario: Scenario | undefined; (scenario = waiting.shift()) !== undefined;) {
    const mesh = `crash-${SCENARIOS.indexOf(scenario) + 1}`;
    const say = (line: string) => console.log(line);
    rows.push(...(await rowsOf(scenario, { mesh, killsPerRun, wanted: (row) => pattern.test(row), say })));
  }
}
// One that cannot go on must not take the meshes of the others with it.
for (const taken of await Promise.allSettled(Array.from({ length: atOnce }, takeScenarios))) {
  if (taken.status === 'rejected') throw taken.reason;
}
const failures = rows.filter(({ faults }) => faults.length > 0);
const figures: Figure[] = [
  { key: 'crash.rows', value: rows.length, unit: 'rows', goal: ['>=', whole ? ROWS_AT_LEAST : 1] },
  { key: 'crash.failures', value: failures.length, unit: 'rows', goal: ['==', 0] },
];
await reportFigures('crash', figures, { killsPerRun, scenarios, wanted, rows });
process.exit(figures.every(meets) ? 0 : 1);
