import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { TASK_QUEUE, UPGRADE_WORKFLOW, upgradeWorkflowId, type UpgradeInput } from '../workflows/messages.js';
import type { Restoration } from '../domain/restoration.js';
import { ApiProblem } from './api-problem.js';
import type { StartRun } from './deps.js';
import { requestHash } from './idempotency.js';
import { MESH_CLUSTER, MESH_PHASE, MESH_RELEASE } from '../workflows/search-attributes.js';
import { closesInTime } from './temporal-closing.js';
import { findExecution, type Execution } from './temporal-executions.js';

/** How many earlier runs of a cluster are looked through for a key that comes back. */
const REMEMBERED_RUNS = 50;

/** What a run carries, so that a repeated request finds it. A type, because Temporal wants an index signature. */
type StartMemo = Readonly<Record<'idempotencyKey' | 'requestHash', string>> &
  Readonly<Partial<Record<'restores', string>>>;

/** A start, and what it takes back if it does. */
interface Start extends StartRun {
  readonly restores?: Restoration;
}

interface Started {
  readonly runId: string;
  /** False where the same request had started it before. */
  readonly created: boolean;
}

/**
 * Starts a run once per key. That one cluster has at most one open run is held by Temporal itself, by the workflow id.
 * @throws ApiProblem IdempotencyKeyReused, RunAlreadyOpen; errors of Temporal as they are
 */
export async function startOnce(client: Client, run: Start): Promise<Started> {
  const { cluster } = run.request;
  const memo = memoOf(run);
  const earlier = await runOfKey(client, cluster, memo);
  if (earlier !== null) return { runId: earlier, created: false };
  const started =
    (await tryToStart(client, run, memo)) ??
    ((await becomesFree(client, cluster)) ? await tryToStart(client, run, memo) : null);
  if (started !== null) return started;
  throw new ApiProblem('RunAlreadyOpen', `An upgrade of cluster ${cluster} is already under way.`);
}

/** @returns null while another run of the cluster is open */
async function tryToStart(client: Client, run: Start, memo: StartMemo): Promise<Started | null> {
  try {
    return { runId: await startWorkflow(client, run, memo), created: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // The same request may have come twice at once: then the other one has just started it.
    const twin = await runOfKey(client, run.request.cluster, memo);
    return twin === null ? null : { runId: twin, created: false };
  }
}

/** Whether the cluster is free now, or in a moment. */
async function becomesFree(client: Client, cluster: string): Promise<boolean> {
  const found = await findExecution(client, cluster);
  return found === null || closesInTime(client, cluster, found);
}

function memoOf({ key, request, restores }: Start): StartMemo {
  if (restores === undefined) return { idempotencyKey: key, requestHash: requestHash(request) };
  const { runId, reason } = restores;
  return { idempotencyKey: key, requestHash: requestHash({ restores: runId, reason }), restores: runId };
}

async function startWorkflow(client: Client, { request, by, restores }: Start, memo: StartMemo): Promise<string> {
  const handle = await client.workflow.start(UPGRADE_WORKFLOW, {
    workflowId: upgradeWorkflowId(request.cluster),
    taskQueue: TASK_QUEUE,
    args: [{ request, requestedBy: by, ...(restores === undefined ? {} : { restores }) } satisfies UpgradeInput],
    // A worker may die while it decides, and nobody else may until then: that counts in mid-wave. To replay the longest history
    // of a run on a busy machine must fit as well, so it cannot be much less than the default of ten seconds.
    workflowTaskTimeout: '8s',
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo,
    typedSearchAttributes: [
      { key: MESH_CLUSTER, value: request.cluster },
      { key: MESH_RELEASE, value: request.release },
      { key: MESH_PHASE, value: restores === undefined ? 'planning' : 'rollingBack' },
    ],
    staticSummary: `${restores === undefined ? 'Upgrade' : 'Rollback of the upgrade'} of ${request.cluster} to ${request.release}`,
  });
  return handle.firstExecutionRunId;
}

async function runOfKey(client: Client, cluster: string, wanted: StartMemo): Promise<string | null> {
  for await (const { runId, memo } of recentRuns(client, cluster)) {
    if (memo['idempotencyKey'] !== wanted.idempotencyKey) continue;
    if (memo['requestHash'] === wanted.requestHash) return runId;
    throw new ApiProblem(
      'IdempotencyKeyReused',
      `This Idempotency-Key started run ${runId} of cluster ${cluster}, with another request.`,
    );
  }
  return null;
}

/** The newest run as Temporal knows it now; then earlier ones by its index, which may lag. */
async function* recentRuns(client: Client, cluster: string): AsyncGenerator<Pick<Execution, 'runId' | 'memo'>> {
  const newest = await findExecution(client, cluster);
  if (newest === null) return;
  yield newest;
  let seen = 0;
  const query = `WorkflowId = "${upgradeWorkflowId(cluster)}"`;
  for await (const { runId, memo } of client.workflow.list({ query, pageSize: REMEMBERED_RUNS })) {
    yield { runId, memo: memo ?? {} };
    seen += 1;
    if (seen >= REMEMBERED_RUNS) return;
  }
}
