import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { ensureBinaries } from '../../../sandbox/binaries/index.js';
import { defaultCacheDir } from '../../../settings/paths.js';
import { keptWorkflowBundle, type KeptBundle } from '../../../worker/workflow-bundle.js';
import { TASK_QUEUE } from '../../../workflows/messages.js';
import { createDoubles } from './doubles.js';
import { createFakeMesh, requestFor, type FakeMesh, type MeshSpec } from './fake-mesh.js';
import { startRun, type Run } from './run.js';

/** Temporal with its clock in the test's hand, one worker, and a mesh in memory for each run. */
export interface Bench {
  readonly env: () => TestWorkflowEnvironment;
  readonly bundle: () => KeptBundle;
  /** A mesh on a cluster of its own name. */
  mesh(spec: MeshSpec): FakeMesh;
  /** Starts a run on a mesh of its own. */
  start(spec: MeshSpec): Promise<Run>;
  /** Starts a run on a mesh that the test has prepared. */
  startOn(mesh: FakeMesh): Promise<Run>;
}

const KEYWORD = 2;
const SEARCH_ATTRIBUTES = ['MeshCluster', 'MeshPhase', 'MeshRelease', 'MeshFleet'];

/**
 * Sets up a bench for the tests of a file, and tidies up after each of them.
 * @param startServer the one whose clock skips, unless a test needs the index of runs, which that one lacks
 */
export function openBench(startServer = startTestServer): Bench {
  const meshes = new Map<string, FakeMesh>();
  const open: WorkflowHandle[] = [];
  let env: TestWorkflowEnvironment | undefined;
  let bundle: KeptBundle | undefined;
  let worker: Worker | undefined;
  let running: Promise<void> | undefined;

  const meshOf = (cluster: string) => there(meshes.get(cluster));
  const mesh = (spec: MeshSpec) => {
    const made = createFakeMesh(`c${meshes.size + 1}`, spec);
    meshes.set(made.cluster, made);
    return made;
  };

  const startOn = async (made: FakeMesh) => {
    const run = await startRun(there(env).client, made, requestFor(made.cluster, made.options));
    open.push(run.handle);
    return run;
  };

  beforeAll(async () => {
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
    [env, bundle] = await Promise.all([startServer(), keptWorkflowBundle(defaultCacheDir())]);
    worker = await createWorker(env, bundle, meshOf);
    running = worker.run();
  });

  afterEach(async () => {
    for (const made of meshes.values()) made.script.openAll();
    // A run that its test has brought to an end cannot be terminated, and need not be.
    await Promise.all(open.splice(0).map((handle) => handle.terminate('the test is over').catch(() => undefined)));
  });

  afterAll(async () => {
    worker?.shutdown();
    await running;
    await env?.teardown();
  });

  return {
    env: () => there(env),
    bundle: () => there(bundle),
    mesh,
    start: (spec) => startOn(mesh(spec)),
    startOn,
  };
}

/** A development server of Temporal, as `meshlift serve` runs it: its time is that of the clock on the wall. */
export async function startDevServer(): Promise<TestWorkflowEnvironment> {
  const paths = await ensureBinaries(['temporal'], { cacheDir: defaultCacheDir(), progress: () => undefined });
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: there(paths['temporal']) },
      searchAttributes: SEARCH_ATTRIBUTES.map((name) => defineSearchAttributeKey(name, 'KEYWORD')),
    },
  });
}

async function startTestServer(): Promise<TestWorkflowEnvironment> {
  const names = ['temporal-test-server'];
  const paths = await ensureBinaries(names, { cacheDir: defaultCacheDir(), progress: () => undefined });
  const path = there(paths['temporal-test-server']);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  return env;
}

function createWorker(
  { nativeConnection }: TestWorkflowEnvironment,
  workflowBundle: KeptBundle,
  meshOf: (cluster: string) => FakeMesh,
): Promise<Worker> {
  return Worker.create({
    connection: nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: createDoubles(meshOf),
    // A cancellation reaches an activity with a heartbeat: no test should wait for that.
    maxHeartbeatThrottleInterval: '50ms',
    defaultHeartbeatThrottleInterval: '50ms',
  });
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the bench is not set up');
  return value;
}
