import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { clusterOfWorkflowId, UPGRADE_WORKFLOW, upgradeWorkflowId } from '../workflows/messages.js';
import type { RunFilter, RunSummary } from './deps.js';
import { fromCursor, toCursor } from './page-cursor.js';
import { MESH_CLUSTER, MESH_PHASE, MESH_RELEASE } from '../workflows/search-attributes.js';

/** A run as Temporal itself knows it, without asking a worker. */
export interface Execution {
  readonly runId: string;
  readonly open: boolean;
  /** By its search attribute; null where it has none. */
  readonly phase: string | null;
  readonly memo: Readonly<Record<string, unknown>>;
}

type RawExecution = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>['executions'][number];
type Timestamp = RawExecution['startTime'];

/**
 * Finds one run, exactly as it is now.
 * @param runId undefined for the newest run of the cluster
 * @returns null when there is no such run
 */
export async function findExecution(client: Client, cluster: string, runId?: string): Promise<Execution | null> {
  try {
    const description = await client.workflow.getHandle(upgradeWorkflowId(cluster), runId).describe();
    return {
      runId: firstRunIdOf(description.raw.workflowExecutionInfo ?? { execution: description }),
      open: description.status.name === 'RUNNING' || description.status.name === 'PAUSED',
      phase: description.typedSearchAttributes.get(MESH_PHASE) ?? null,
      memo: description.memo ?? {},
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Runs by Temporal's index, which may lag by a second: the open ones first, then by when they ended. */
export async function listExecutions(
  client: Client,
  filter: RunFilter,
): Promise<{ readonly items: readonly RunSummary[]; readonly cursor: string | null }> {
  const query = queryOf(filter);
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query,
    pageSize: filter.limit,
    nextPageToken: fromCursor(filter.cursor, query),
  });
  return {
    items: executions.map(toSummary),
    cursor: toCursor(nextPageToken, query),
  };
}

/** Values are checked by the routes: a cluster id and a phase name hold no quotes. */
function queryOf({ cluster, phase }: RunFilter): string {
  return [
    `WorkflowType = "${UPGRADE_WORKFLOW}"`,
    ...(cluster === undefined ? [] : [`${MESH_CLUSTER.name} = "${cluster}"`]),
    ...(phase === undefined ? [] : [`${MESH_PHASE.name} = "${phase}"`]),
  ].join(' AND ');
}

function toSummary(raw: RawExecution): RunSummary {
  const attributes = raw.searchAttributes?.indexedFields ?? {};
  return {
    cluster: clusterOfWorkflowId(raw.execution?.workflowId ?? '') ?? '',
    runId: firstRunIdOf(raw),
    release: textOf(attributes[MESH_RELEASE.name]),
    phase: textOf(attributes[MESH_PHASE.name]),
    startedAt: toIso(raw.startTime) ?? '',
    finishedAt: toIso(raw.closeTime),
  };
}

/** A run is known by its first execution, should it ever have gone on as a new one. */
function firstRunIdOf(raw: Pick<RawExecution, 'firstRunId' | 'execution'>): string {
  // Temporal leaves out a text by sending an empty one.
  const { firstRunId } = raw;
  return firstRunId == null || firstRunId === '' ? (raw.execution?.runId ?? '') : firstRunId;
}

function textOf(payload: Payload | undefined): string | null {
  return payload === undefined ? null : defaultPayloadConverter.fromPayload<string>(payload);
}

function toIso(time: Timestamp): string | null {
  if (time == null) return null;
  return new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1_000_000).toISOString();
}
