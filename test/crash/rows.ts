import { isDeepStrictEqual } from 'node:util';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';
import { drive, type Outcome } from './drive.js';
import { killPoints, packRuns, type KillPoint } from './operations.js';
import { directionOf, type Scenario } from './scenarios.js';

/** One row of the table: the run in which the worker was killed at this point, against the undisturbed one. */
export interface Row extends KillPoint {
  readonly scenario: string;
  readonly seconds: number;
  /** What was not as it must be; empty when all was. */
  readonly faults: readonly string[];
}

export interface RowOptions {
  /** Name of the sandbox. */
  readonly mesh: string;
  /** How many kills one run takes. A run that ends badly is repeated for each of its points alone. */
  readonly killsPerRun: number;
  readonly wanted: (row: string) => boolean;
  readonly say: (line: string) => void;
}

/** Runs a scenario undisturbed, then again and again with kills, and compares. */
export async function rowsOf(scenario: Scenario, options: RowOptions): Promise<Row[]> {
  const bench = createBench(scenario, options.mesh);
  const rows: Row[] = [];
  try {
    const calm = await bench.run([]);
    if (calm.violations.length > 0) throw new Error(`undisturbed: ${calm.violations.join('; ')}`);
    const points = killPoints(calm.operations, directionOf(scenario)).filter((point) =>
      options.wanted(nameOf(scenario, point)),
    );
    options.say(`${scenario.name}: undisturbed in ${calm.seconds} s, ${points.length} rows`);
    for (const pack of packRuns(points, options.killsPerRun)) {
      for (const row of await rowsOfRun(bench, calm, pack, options.say)) {
        options.say(
          `${row.faults.length === 0 ? 'ok    ' : 'FAILED'} ${nameOf(scenario, row)} ${row.faults.join('; ')}`,
        );
        rows.push(row);
      }
    }
    return rows;
  } finally {
    await bench.close();
  }
}

interface Bench {
  readonly scenario: Scenario;
  run(points: readonly KillPoint[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** A mesh that is used again for as long as runs bring it back to where it was. */
function createBench(scenario: Scenario, name: string): Bench {
  let mesh: ProxiedMesh | null = null;
  const drop = async () => {
    const old = mesh;
    mesh = null;
    await old?.stop();
  };
  return {
    scenario,
    async run(points) {
      mesh ??= await startProxiedMesh(name, { flavour: scenario.flavour });
      try {
        const outcome = await drive(mesh, scenario, points);
        if (scenario.end !== 'rolledBack') await drop();
        return outcome;
      } catch (error) {
        await drop();
        throw error;
      }
    },
    close: drop,
  };
}

async function rowsOfRun(
  bench: Bench,
  calm: Outcome,
  pack: readonly KillPoint[],
  say: RowOptions['say'],
): Promise<Row[]> {
  const row = (point: KillPoint, seconds: number, faults: readonly string[]): Row => {
    return { scenario: bench.scenario.name, ...point, seconds, faults };
  };
  try {
    const outcome = await bench.run(pack);
    const faults = faultsOf(outcome, calm);
    const missed = pack.filter((point) => !outcome.killed.includes(point));
    if (faults.length === 0 && missed.length === 0) return pack.map((point) => row(point, outcome.seconds, []));
    if (pack.length === 1) {
      const never = missed.map(() => 'the operation never came');
      return pack.map((point) => row(point, outcome.seconds, [...faults, ...never]));
    }
    if (faults.length === 0) {
      // What was killed in this run has shown what it had to; how many requests an installer sends differs from run to run.
      say(`once more, what never came: ${missed.map((point) => point.operation).join('; ')}`);
      const done = outcome.killed.map((point) => row(point, outcome.seconds, []));
      return [...done, ...(await oneByOne(missed))];
    }
    say(`once more, kill by kill: ${faults.join('; ')}`);
  } catch (error) {
    if (pack.length === 1) return pack.map((point) => row(point, 0, [(error as Error).message]));
    say(`once more, kill by kill: ${(error as Error).message}`);
  }
  // Which of the kills did it? Each one alone tells.
  return oneByOne(pack);

  async function oneByOne(points: readonly KillPoint[]): Promise<Row[]> {
    const alone: Row[] = [];
    for (const point of points) alone.push(...(await rowsOfRun(bench, calm, [point], say)));
    return alone;
  }
}

/** What differs from the undisturbed run, and what must never have been. */
export function faultsOf(outcome: Outcome, calm: Pick<Outcome, 'after' | 'restarts'>): string[] {
  const faults = [...outcome.violations];
  const [now, then] = [outcome.after.snapshot, calm.after.snapshot];
  if (!isDeepStrictEqual(now, then)) faults.push(`the objects differ: ${whatDiffers(then, now)}`);
  if (!isDeepStrictEqual(outcome.after.pods, calm.after.pods)) faults.push('the pods differ');
  if (!isDeepStrictEqual(outcome.restarts, calm.restarts)) faults.push('the restarts differ');
  if (outcome.looks < 2) faults.push('nobody looked');
  return faults;
}

/** What is in one and not in the other, member by member, as JSON of at most a line. */
function whatDiffers(then: unknown, now: unknown): string {
  const membersOf = (facts: unknown) =>
    new Set(
      Object.entries(facts as object).flatMap(([part, value]) =>
        partsOf(value).map((one) => `${part} ${JSON.stringify(one)}`),
      ),
    );
  const [before, after] = [membersOf(then), membersOf(now)];
  const gone = [...before].filter((one) => !after.has(one)).map((one) => `- ${one}`);
  const come = [...after].filter((one) => !before.has(one)).map((one) => `+ ${one}`);
  return [...gone, ...come].map((line) => line.slice(0, 200)).join('; ');
}

function partsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.entries(value) : [value];
}

function nameOf({ name }: Scenario, { operation, moment }: KillPoint): string {
  return `${name} | ${operation} | ${moment}`;
}
