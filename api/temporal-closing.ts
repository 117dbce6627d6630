import { WorkflowFailedError, type Client } from '@temporalio/client';
import { FINAL_PHASES } from '../domain/phases.js';
import { upgradeWorkflowId } from '../workflows/messages.js';
import type { Execution } from './temporal-executions.js';

/** A run that is over is still open for the moment in which it gives its cluster back: so long is waited for that. */
export const CLOSING_MS = 10_000;

/** Whether a run is closed, or has come to its end and closes now. One that goes on is not waited for. */
export async function closesInTime(
  client: Client,
  cluster: string,
  { open, phase, runId }: Pick<Execution, 'open' | 'phase' | 'runId'>,
): Promise<boolean> {
  if (!open) return true;
  if (!FINAL_PHASES.some((name) => name === phase)) return false;
  const handle = client.workflow.getHandle(upgradeWorkflowId(cluster), runId);
  return client
    .withDeadline(Date.now() + CLOSING_MS, () => handle.result())
    .then(
      () => true,
      // However it has ended, it is closed; only the time may be up.
      (error: unknown) => error instanceof WorkflowFailedError,
    );
}
