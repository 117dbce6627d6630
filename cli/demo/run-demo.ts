import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunState } from '../../domain/run.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { defaultCacheDir } from '../../settings/paths.js';
import { createApiClient } from '../client/api-client.js';
import type { Context } from '../client/context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { joined } from '../render/text.js';
import { tailOf } from '../../settings/private-file.js';
import { elapsedProgress } from '../serve/progress.js';
import { servePaths } from '../serve/serve-paths.js';
import { startServe, type Serve } from '../serve/start-serve.js';
import { createTeardown, type Teardown } from '../serve/teardown.js';
import { findTemporal } from '../serve/temporal-binary.js';
import { checkRolledBack, checkUpgraded } from './checks.js';
import { conductRun } from './conduct-run.js';
import { bringUpCluster, openShop } from './disposable-mesh.js';
import { createKubectl } from './kubectl.js';
import { takePicture } from './mesh-picture.js';
import { isVerified, renderReport, type DemoReport } from './report.js';
import { createStopwatch, type Stopwatch } from './stopwatch.js';

/** What the demo shall show. */
export interface DemoOptions {
  /** Of the sandbox, and of the cluster in it. */
  readonly name: string;
  /** Go back at the last gate, and prove it. */
  readonly rollback: boolean;
  /** Leave the sandbox up afterwards. */
  readonly keep: boolean;
  readonly context: Context;
  /** Ends the demo in order. */
  readonly signal: AbortSignal;
  /** Told of the running server, so that it can be ended at once. */
  readonly onServe: (serve: Serve) => void;
}

/** What the parts of one demo share. */
interface Stage {
  readonly options: DemoOptions;
  readonly progress: (line: string) => void;
  readonly stopwatch: Stopwatch;
  readonly teardown: Teardown;
  readonly dataDir: string;
}

/**
 * Brings a real mesh up, upgrades it with Meshlift, and checks the result with other eyes than Meshlift's.
 * Whatever happens, the server is stopped and the sandbox taken down.
 * @returns 0 only when everything was verified
 */
export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const { context, signal } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'meshlift-demo-'));
  const stage: Stage = {
    options,
    progress: elapsedProgress(context.err, context.now),
    stopwatch: createStopwatch(context.now),
    teardown: createTeardown(),
    dataDir,
  };
  try {
    const report = await play(stage);
    context.out(joined(renderReport(report)));
    const verified = isVerified(report);
    context.out(verified ? `${goalOf(report.run)}: verified.\n` : `${goalOf(report.run)}: NOT verified.\n`);
    await end(stage, verified);
    return verified ? EXIT.done : EXIT.error;
  } catch (error) {
    if (signal.aborted) context.err('Interrupted; taking everything down ...\n');
    else showLog(stage);
    await end(stage, signal.aborted);
    if (signal.aborted) return EXIT.interrupted;
    throw error;
  }
}

async function play(stage: Stage): Promise<DemoReport> {
  const { options, progress, stopwatch, teardown } = stage;
  const { name, keep, signal } = options;
  await stopwatch.time('Temporal', () => findTemporal({ cacheDir: defaultCacheDir(), progress, signal }));
  const mesh = { name, keep, progress, stopwatch, teardown, signal };
  const sandbox = await bringUpCluster(mesh);
  // Side by side: while istioctl waits for pods, the worker can pack its workflows.
  const [serve] = await both(startMeshlift(stage, sandbox), openShop(mesh));
  const kubectl = createKubectl(sandbox.kubectl, sandbox.adminKubeconfig);
  const before = await takePicture(kubectl);
  const run = await conductRun({
    client: createApiClient({ url: serve.url, token: serve.token, user: 'demo' }),
    cluster: name,
    rollback: options.rollback,
    context: options.context,
    signal,
  });
  if (run.phase.name !== 'succeeded' && run.phase.name !== 'rolledBack') throw stuck(run);
  progress('checking the mesh through kubectl ...');
  const after = await takePicture(kubectl);
  const check = run.phase.name === 'succeeded' ? checkUpgraded : checkRolledBack;
  const checks = await stopwatch.time('checks', () => check(kubectl, before, after));
  return { before: before.pods, after: after.pods, run, checks, setUp: stopwatch.laps };
}

async function startMeshlift(stage: Stage, sandbox: Sandbox): Promise<Serve> {
  const { options, progress, stopwatch, teardown, dataDir } = stage;
  const { signal, onServe } = options;
  const start = { configFile: sandbox.configFile, dataDir, port: 0, progress, signal };
  const serve = await stopwatch.time('Meshlift up, meanwhile', () => startServe(start));
  teardown.add(() => serve.stop());
  onServe(serve);
  progress(`Meshlift serves at ${serve.url}`);
  return serve;
}

/** Waits until both have ended, also when one fails: what the other has set up must be known to be taken down. */
async function both<A, B>(one: Promise<A>, two: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, two]);
  return [await one, await two];
}

function stuck({ phase }: RunState): Error {
  const why = 'obstacle' in phase ? `: ${phase.obstacle.message} (${phase.obstacle.reason})` : '';
  return new Error(`the run ended in ${phase.name}${why}`);
}

function goalOf({ phase }: RunState): string {
  return phase.name === 'rolledBack' ? 'Rolled back to the previous 1.6' : 'Upgraded to 1.6.14-asm.2';
}

/** The worker's last words, for whoever sees only this output. */
function showLog({ options, dataDir }: Stage): void {
  const tail = tailOf(servePaths(dataDir).workerLog);
  if (tail !== '') options.context.err(`The worker's log ends with:\n${tail}\n`);
}

/** Takes everything down; logs stay only when somebody will want to read them. */
async function end({ options, teardown, dataDir }: Stage, clean: boolean): Promise<void> {
  const { name, keep, context } = options;
  await teardown.run();
  if (clean && !keep) await rm(dataDir, { recursive: true, force: true });
  else context.err(`Logs and journals are in ${dataDir}\n`);
  if (keep) context.err(`Sandbox "${name}" is left up. End it with: meshlift sandbox down --name ${name}\n`);
}
