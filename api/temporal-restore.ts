import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { DetectedMesh } from '../domain/plan.js';
import { acceptCluster, acceptRestoration, restorationOf } from '../domain/restoration.js';
import type { RunState } from '../domain/run.js';
import { stateQuery, upgradeWorkflowId } from '../workflows/messages.js';
import { ApiProblem } from './api-problem.js';
import type { RollBack, RolledBack } from './deps.js';
import { requestHash, updateIdOf } from './idempotency.js';
import { unknownRun } from './lookups.js';
import { closesInTime } from './temporal-closing.js';
import { sendCommand } from './temporal-commands.js';
import { findExecution, type Execution } from './temporal-executions.js';
import { startOnce } from './temporal-start.js';

/**
 * Goes back (ADR 0006). A run that is open is told so. A succeeded one is over for good: a new run of the same workflow id
 * takes it back, so that one cluster still has at most one open run.
 * @param inspect reads what is in the cluster now
 * @throws ApiProblem when it cannot be, with a sentence; errors of Temporal as they are
 */
export async function rollBack(
  client: Client,
  request: RollBack,
  inspect: (cluster: string) => Promise<DetectedMesh>,
): Promise<RolledBack> {
  const { cluster, runId, by, reason, key } = request;
  const [found, newest] = await Promise.all([
    findExecution(client, cluster, runId === 'latest' ? undefined : runId),
    findExecution(client, cluster),
  ]);
  if (found === null || newest === null) throw unknownRun(cluster, runId);
  if (answers(newest, request, found.runId)) return { kind: 'started', runId: newest.runId };

  // One that has just succeeded may still be open: as such it would refuse what it will allow in a moment.
  const isOver = await closesInTime(client, cluster, found);
  const state = isOver ? await stateOf(client, cluster, found.runId) : null;
  if (state?.phase.name !== 'succeeded') {
    const command = { type: 'rollBack', by, reason } as const;
    const updateId = key === undefined ? undefined : updateIdOf(key, command);
    return { kind: 'command', state: await sendCommand(client, { cluster, runId: found.runId }, command, updateId) };
  }
  await requireRestorable(state, newest, inspect);
  return { kind: 'started', runId: await startRestoring(client, state, request) };
}

async function startRestoring(client: Client, state: RunState, { by, reason, key }: RollBack): Promise<string> {
  const { cluster, release } = state;
  const restores = restorationOf(state, reason);
  if (restores === null) throw new ApiProblem('WrongPhase', `The run of cluster ${cluster} never had a plan.`);
  const request = { cluster, release, options: restores.plan.options };
  return (await startOnce(client, { request, key: key ?? randomUUID(), by, restores })).runId;
}

/** Whether the newest run was started by this very request, sent again. */
function answers({ runId, memo }: Execution, { key, reason }: RollBack, asked: string): boolean {
  const restores = memo['restores'];
  if (key === undefined || typeof restores !== 'string' || memo['idempotencyKey'] !== key) return false;
  // `latest` meant the succeeded run when it was sent first, and means the one that takes it back by now.
  if (asked !== restores && asked !== runId) return false;
  return memo['requestHash'] === requestHash({ restores, reason });
}

async function requireRestorable(
  state: RunState,
  newest: Execution,
  inspect: (cluster: string) => Promise<DetectedMesh>,
): Promise<void> {
  const { cluster, runId } = state;
  const late = acceptRestoration(state, new Date().toISOString());
  if (late !== null) throw new ApiProblem(late.reason, late.message);
  if (newest.runId !== runId) {
    const message = `Run ${runId} of cluster ${cluster} cannot be rolled back: run ${newest.runId} came after it.`;
    throw new ApiProblem('ClusterChanged', message);
  }
  const changed = acceptCluster(state, await inspect(cluster));
  if (changed !== null) throw new ApiProblem(changed.reason, changed.message);
}

function stateOf(client: Client, cluster: string, runId: string): Promise<RunState> {
  return client.workflow.getHandle(upgradeWorkflowId(cluster), runId).query(stateQuery);
}
