import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Activities } from '../activities/contract.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import type { KeptBundle } from './workflow-bundle.js';

/** What a worker is made of. */
export interface WorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: Activities;
  readonly workflowBundle: KeptBundle;
}

/** A worker for every workflow and activity of Meshlift. It does not run yet. */
export async function createMeshliftWorker(options: WorkerOptions): Promise<Worker> {
  return Worker.create({
    ...options,
    taskQueue: TASK_QUEUE,
    // For each open run one that moves a wave (ADR 0014) and one that watches its surroundings (ADR 0007), and what is short.
    maxConcurrentActivityTaskExecutions: 500,
    maxCachedWorkflows: 200,
    // What waits for this very worker goes to another one, should it be dead.
    stickyQueueScheduleToStartTimeout: '3s',
    shutdownGraceTime: '10s',
    // A cancellation reaches an activity with its next heartbeat: that must not wait longer than people do.
    defaultHeartbeatThrottleInterval: '1s',
    maxHeartbeatThrottleInterval: '1s',
  });
}
