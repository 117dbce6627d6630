import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Workflow, WorkflowResultType } from '@temporalio/common';
import type { inspect } from '../workflows/inspect.js';
import { INSPECT_WORKFLOW, PLAN_WORKFLOW, stateQuery, TASK_QUEUE, upgradeWorkflowId } from '../workflows/messages.js';
import type { plan } from '../workflows/plan.js';
import { askTogether } from './asked-together.js';
import type { RunsGateway } from './deps.js';
import { unknownRun } from './lookups.js';
import { CLOSING_MS } from './temporal-closing.js';
import { sendCommand } from './temporal-commands.js';
import { findExecution, listExecutions } from './temporal-executions.js';
import { toApiProblem, type Attempt } from './temporal-failures.js';
import { rollBack } from './temporal-restore.js';
import { startOnce } from './temporal-start.js';

const DEADLINE_MS = 10_000;
/** Plans and inspections read whole clusters. */
const READING_SECONDS = 60;
/** The workflow's own limit comes first, so that nothing goes on that nobody waits for. */
const READING_DEADLINE_MS = (READING_SECONDS + 5) * 1000;

/** The runs, as Temporal workflows. @param client over a lazy connection: Temporal may come up later */
export function createTemporalRuns(client: Client): RunsGateway {
  /** No call waits for ever, and every failure is one that the API can answer. */
  async function within<Result>(ms: number, attempt: Attempt, call: () => Promise<Result>): Promise<Result> {
    try {
      return await client.withDeadline(Date.now() + ms, call);
    } catch (error) {
      throw toApiProblem(error, attempt);
    }
  }

  /** What a workflow that only reads has found. `Reading` is its own type, so that its argument cannot drift. */
  async function read<Reading extends Workflow>(
    workflowType: string,
    attempt: Attempt,
    args: Parameters<Reading>,
  ): Promise<WorkflowResultType<Reading>> {
    const options = {
      workflowId: `${workflowType}/${randomUUID()}`,
      taskQueue: TASK_QUEUE,
      args,
      workflowExecutionTimeout: READING_SECONDS * 1000,
      staticSummary: `To ${attempt.doing}`,
    };
    return within(
      READING_DEADLINE_MS,
      attempt,
      () => client.workflow.execute<Workflow>(workflowType, options) as Promise<WorkflowResultType<Reading>>,
    );
  }

  const inspectCluster = (cluster: string) =>
    read<typeof inspect>(INSPECT_WORKFLOW, { doing: `inspect ${cluster}`, cluster }, [cluster]);

  return {
    start: (run) => {
      const { cluster } = run.request;
      const attempt = { doing: `start the upgrade of ${cluster}`, cluster };
      return within(DEADLINE_MS + CLOSING_MS, attempt, () => startOnce(client, run));
    },

    find: askTogether((cluster, runId) =>
      within(DEADLINE_MS, { doing: `find the run of ${cluster}`, cluster, runId }, async () => {
        const execution = await findExecution(client, cluster, exact(runId));
        if (execution === null) throw unknownRun(cluster, runId);
        return { runId: execution.runId, open: execution.open };
      }),
    ),

    state: askTogether((cluster, runId) =>
      within(DEADLINE_MS, { doing: `read the state of the run of ${cluster}`, cluster, runId }, () =>
        client.workflow.getHandle(upgradeWorkflowId(cluster), exact(runId)).query(stateQuery),
      ),
    ),

    command: (cluster, runId, command, updateId) =>
      within(DEADLINE_MS, { doing: `tell the run of ${cluster}`, cluster, runId }, () =>
        sendCommand(client, { cluster, runId: exact(runId) }, command, updateId),
      ),

    rollBack: (request) => {
      const attempt = { doing: `roll back ${request.cluster}`, cluster: request.cluster, runId: request.runId };
      return within(READING_DEADLINE_MS, attempt, () => rollBack(client, request, inspectCluster));
    },

    list: (filter) =>
      within(DEADLINE_MS, { doing: 'list the runs', cluster: filter.cluster ?? '' }, () =>
        listExecutions(client, filter),
      ),

    plan: (request) => {
      const { cluster, release } = request;
      return read<typeof plan>(PLAN_WORKFLOW, { doing: `plan the upgrade of ${cluster} to ${release}`, cluster }, [
        request,
      ]);
    },

    inspect: inspectCluster,
  };
}

/** Temporal takes no run id for "the newest". */
function exact(runId: string): string | undefined {
  return runId === 'latest' ? undefined : runId;
}
