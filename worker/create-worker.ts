import { fileURLToPath } from 'node:url';
import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Activities } from '../activities/contract.js';
import { assetPath } from '../settings/node-command.js';
import { TASK_QUEUE } from '../workflows/messages.js';

/** What a worker is made of. */
export interface WorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: Activities;
}

/** A worker for every workflow and activity of Meshlift. It does not run yet. */
export async function createMeshliftWorker({ connection, namespace, activities }: WorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowsPath: workflowsPath(),
    activities,
    // A workload that is waited for takes a slot and nothing else: as many as a wave's safety budget may ask for, and one
    // for each open run, whose surroundings are watched (ADR 0007).
    maxConcurrentActivityTaskExecutions: 1_500,
    maxCachedWorkflows: 200,
    shutdownGraceTime: '10s',
    // A cancellation reaches an activity with its next heartbeat: that must not wait longer than people do.
    defaultHeartbeatThrottleInterval: '1s',
    maxHeartbeatThrottleInterval: '1s',
  });
}

/** Temporal bundles the workflows itself, from sources or from `dist/`. */
function workflowsPath(): string {
  const compiled = new URL('../workflows/index.js', import.meta.url);
  return import.meta.url.endsWith('.ts')
    ? fileURLToPath(new URL('../workflows/index.ts', import.meta.url))
    : assetPath(compiled);
}
