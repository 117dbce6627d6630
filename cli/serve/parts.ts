import type { Connection } from '@temporalio/client';
import type { SupervisedProcess } from './supervised-process.js';
import { probeTemporal } from './temporal-target.js';

/** Whether one part of the server can do its work, and what is known about it. */
export interface PartStatus {
  readonly part: string;
  readonly ready: boolean;
  readonly detail: string;
}

/** Temporal is ready when it answers, whoever runs it. */
export async function temporalStatus(connection: Connection, namespace: string): Promise<PartStatus> {
  const part = 'temporal';
  return probeTemporal(connection, namespace).then(
    () => ({ part, ready: true, detail: `answers for namespace ${namespace}` }),
    (error: unknown) => ({ part, ready: false, detail: `does not answer: ${(error as Error).message}` }),
  );
}

/** The worker is ready when it has said that it polls. */
export function workerStatus(worker: SupervisedProcess | null): PartStatus {
  return { part: 'worker', ...(worker?.status() ?? { ready: false, detail: 'waits for Temporal' }) };
}
