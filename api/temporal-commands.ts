import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { accept } from '../domain/accept.js';
import type { RunCommand, RunState } from '../domain/run.js';
import {
  cancelUpdate,
  changePolicyUpdate,
  pauseUpdate,
  promoteUpdate,
  resumeUpdate,
  retryUpdate,
  rollBackUpdate,
  skipNamespaceUpdate,
  stateQuery,
  upgradeWorkflowId,
  type PromoteInput,
} from '../workflows/messages.js';
import { ApiProblem } from './api-problem.js';

/** Points at a run; `runId` is undefined for the newest of its cluster. */
interface RunTarget {
  readonly cluster: string;
  readonly runId: string | undefined;
}

/**
 * Tells a run what a person wants of it, and gives its state afterwards.
 * @param updateId the same one acts once, also when the run has ended since
 * @throws ApiProblem when a run that is over cannot take it; errors of Temporal as they are
 */
export async function sendCommand(
  client: Client,
  { cluster, runId }: RunTarget,
  command: RunCommand,
  updateId?: string,
): Promise<RunState> {
  const handle = client.workflow.getHandle(upgradeWorkflowId(cluster), runId);
  try {
    return await executeUpdate(handle, command, updateId === undefined ? {} : { updateId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    // Temporal takes no update for a workflow that is over; whether there is one at all, its state tells.
    const done = updateId === undefined ? null : await outcomeOf(handle, updateId);
    if (done !== null) return done;
    const state = await handle.query(stateQuery);
    const refusal = accept(state, command);
    if (refusal !== null) throw new ApiProblem(refusal.reason, refusal.message, { cause: error });
    throw new ApiProblem('WrongPhase', `The run of cluster ${cluster} was ended from outside Meshlift.`, {
      cause: error,
    });
  }
}

async function executeUpdate(
  handle: WorkflowHandle,
  command: RunCommand,
  options: { readonly updateId?: string },
): Promise<RunState> {
  const { by } = command;
  switch (command.type) {
    case 'pause':
      return handle.executeUpdate(pauseUpdate, { ...options, args: [{ by, reason: command.reason }] });
    case 'resume':
      return handle.executeUpdate(resumeUpdate, { ...options, args: [{ by }] });
    case 'promote':
      return handle.executeUpdate(promoteUpdate, { ...options, args: [promotionOf(command)] });
    case 'changePolicy': {
      const { planHash, policy, newHash } = command;
      return handle.executeUpdate(changePolicyUpdate, { ...options, args: [{ by, planHash, policy, newHash }] });
    }
    case 'rollBack':
      return handle.executeUpdate(rollBackUpdate, { ...options, args: [{ by, reason: command.reason }] });
    case 'retry':
      return handle.executeUpdate(retryUpdate, { ...options, args: [{ by }] });
    case 'skipNamespace':
      return handle.executeUpdate(skipNamespaceUpdate, {
        ...options,
        args: [{ by, namespace: command.namespace, reason: command.reason }],
      });
    case 'cancel':
      return handle.executeUpdate(cancelUpdate, { ...options, args: [{ by }] });
    default:
      return command satisfies never;
  }
}

function promotionOf({ by, gate, planHash, soak, override }: Extract<RunCommand, { type: 'promote' }>): PromoteInput {
  return { by, gate, planHash, ...(soak && { soak }), ...(override !== undefined && { override }) };
}

/** What an update answered that was sent before, null when this run never saw it. */
async function outcomeOf(handle: WorkflowHandle, updateId: string): Promise<RunState | null> {
  try {
    return await handle.getUpdateHandle<RunState>(updateId).result();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
