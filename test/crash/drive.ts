import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRunJournal } from '../../activities/audit/run-journal.js';
import type { RunState } from '../../domain/run.js';
import type { Exchange } from '../support/fault-proxy.js';
import { killTree } from '../support/kill.js';
import type { ProxiedMesh } from '../support/proxied-mesh.js';
import { createNamer, isRecorded, isRenewal, isScratch, type KillPoint } from './operations.js';
import { readFacts, restartsBetween, type Direction, type Facts, type Scenario } from './scenarios.js';
import { startWatchman } from './watchman.js';

/** What came of one run. */
export interface Outcome {
  /** Every operation that the run sent, in order. */
  readonly operations: readonly string[];
  /** The points at which the worker was really killed. */
  readonly killed: readonly KillPoint[];
  readonly violations: readonly string[];
  readonly before: Facts;
  readonly after: Facts;
  readonly restarts: Readonly<Record<string, number>>;
  readonly looks: number;
  readonly seconds: number;
}

const RUN_WITHIN_MS = 600_000;

/** Takes a run from start to end, kills the worker at each of the points, and watches. @throws when the run stands still */
export async function drive(
  mesh: ProxiedMesh,
  scenario: Scenario,
  points: readonly KillPoint[] = [],
): Promise<Outcome> {
  const began = performance.now();
  const before = await readFacts(mesh);
  let direction: Direction = 'forward';
  const watchman = await startWatchman(mesh, scenario, before, () => direction);
  const killer = createKiller(mesh, points, () => direction);
  try {
    const run = await startWhenClosed(mesh, scenario);
    for (const gate of scenario.promote) await promote(mesh, run, gate);
    if (scenario.rollBackAt !== null) {
      await reach(mesh, run, ({ phase }) => phase.name === 'awaitingPromotion' && phase.gate === scenario.rollBackAt);
      direction = 'back';
      await insist(mesh, run, ['rollback', { reason: 'rehearsal' }], ({ rollback }) => rollback !== null);
    }
    await reach(mesh, run, ({ phase }) => phase.name === scenario.end);
    await untilClosed(mesh, run);
  } finally {
    killer.stop();
    await watchman.stop();
  }
  const after = await readFacts(mesh);
  return {
    operations: killer.operations,
    killed: killer.killed,
    violations: [...watchman.violations, ...killer.violations],
    before,
    after,
    restarts: restartsBetween(before, after),
    looks: watchman.looks(),
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

/** Looks at every request that changes something, and kills the worker where it is told to. */
function createKiller(mesh: ProxiedMesh, points: readonly KillPoint[], direction: () => Direction) {
  const namer = createNamer();
  const waiting = [...points];
  const killed: KillPoint[] = [];
  const operations: string[] = [];
  const violations: string[] = [];
  const journal = createRunJournal({ dir: join(mesh.dataDir, 'runs') });

  const due = (name: string) => {
    const point = waiting.find(({ operation }) => operation === name);
    if (point !== undefined) waiting.splice(waiting.indexOf(point), 1);
    return point;
  };
  const kill = async (point: KillPoint, exchange: Exchange): Promise<void> => {
    if (point.moment === 'after') await exchange.swallow();
    killTree((await mesh.pids()).worker);
    killed.push(point);
    namer.reset();
    exchange.reset();
  };
  const inspect = async (exchange: Exchange): Promise<void> => {
    const name = namer.nameOf(exchange, direction());
    if (name === null) return exchange.forward();
    operations.push(name);
    if (!isScratch(exchange) && !(await isInJournal(exchange))) violations.push(`I4: ${name} is not in the journal`);
    const point = due(name);
    return point === undefined ? exchange.forward() : kill(point, exchange);
  };
  const isInJournal = async (exchange: Exchange): Promise<boolean> => {
    const runId = await latestRun(mesh);
    return runId !== null && isRecorded(exchange, await journal.operations(mesh.cluster, runId));
  };
  const takeBack = mesh.proxy.on((exchange) => exchange.isMutation && !isRenewal(exchange), inspect);
  return { killed, operations, violations, stop: () => void takeBack() };
}

/** Id of the run that has written last: the one under way. */
async function latestRun({ dataDir, cluster }: ProxiedMesh): Promise<string | null> {
  const dir = join(dataDir, 'runs', cluster);
  const names = await readdir(dir).catch(() => []);
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(dir, name))).ctimeMs })));
  return dated.sort((a, b) => b.at - a.at)[0]?.name ?? null;
}

async function promote(mesh: ProxiedMesh, run: string, gate: string): Promise<void> {
  const { plan } = await reach(mesh, run, ({ phase }) => phase.name === 'awaitingPromotion' && phase.gate === gate);
  const done = ({ promotions }: RunState) => promotions.some((entry) => entry.gate === gate);
  await insist(mesh, run, ['promote', { gate, planHash: plan?.hash }], done);
}

/** Sends a command until the run shows that it has arrived: the worker may die while it answers. */
async function insist(
  { api }: ProxiedMesh,
  run: string,
  [verb, body]: readonly [string, object],
  done: (state: RunState) => boolean,
): Promise<void> {
  for (;;) {
    await api.command(run, verb, body).catch(() => undefined);
    const state = await api.state(run).catch(() => null);
    if (state !== null && done(state)) return;
    await delay(500);
  }
}

function reach(mesh: ProxiedMesh, run: string, wanted: (state: RunState) => boolean): Promise<RunState> {
  return mesh.api.until(run, wanted, RUN_WITHIN_MS);
}

/** The run before may have been killed in the instant in which it gave its cluster back: then it is open a little longer. */
async function startWhenClosed({ api, cluster }: ProxiedMesh, { options }: Scenario): Promise<string> {
  for (const deadline = Date.now() + RUN_WITHIN_MS; ;) {
    try {
      return await api.start(cluster, options);
    } catch (error) {
      if (Date.now() > deadline || !(error as Error).message.includes('RunAlreadyOpen')) throw error;
      await delay(500);
    }
  }
}

/** The run gives its cluster back after it has reached its end; the next one must not meet it. */
async function untilClosed(mesh: ProxiedMesh, run: string): Promise<void> {
  const deadline = Date.now() + RUN_WITHIN_MS;
  while ((await mesh.facts.run('get', 'lease', 'meshlift', '-n', 'istio-system', '--ignore-not-found')) !== '') {
    if (Date.now() > deadline) throw new Error(`run ${run} does not give its cluster back`);
    await delay(200);
  }
}
