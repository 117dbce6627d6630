import { WorkflowUpdateFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import type { UpgradeRequest } from '../../../domain/plan.js';
import { policySchema } from '../../../domain/policy/schema.js';
import type { Restoration } from '../../../domain/restoration.js';
import type { PhaseName, RunState } from '../../../domain/run.js';
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
  TASK_QUEUE,
  UPGRADE_WORKFLOW,
  upgradeWorkflowId,
  type PromoteInput,
  type UpgradeInput,
} from '../../../workflows/messages.js';
import type { upgrade } from '../../../workflows/upgrade.js';
import { HASH, phasesIn, requestFor, type FakeMesh } from './fake-mesh.js';

/** One run under test, and what people do to it. */
export interface Run {
  readonly mesh: FakeMesh;
  readonly handle: WorkflowHandle<typeof upgrade>;
  state(): Promise<RunState>;
  /** Waits until the journal tells that the run has come into a phase, so many times. */
  reaches(phase: PhaseName, times?: number): Promise<void>;
  pause(): Promise<RunState>;
  resume(): Promise<RunState>;
  promote(gate: string, planHash?: string): Promise<RunState>;
  /** The same by somebody else, or in another way. */
  promoteAs(input: { gate: string } & Partial<PromoteInput>): Promise<RunState>;
  changePolicy(policy: z.input<typeof policySchema>, planHash?: string): Promise<RunState>;
  rollBack(): Promise<RunState>;
  retry(): Promise<RunState>;
  skip(namespace: string): Promise<RunState>;
  cancel(): Promise<RunState>;
  /** Promotes each of these gates as soon as the run waits at it. */
  promoteAll(...gates: readonly string[]): Promise<void>;
  /** Waits for the end, and lets time fly meanwhile. */
  end(): Promise<RunState>;
}

/** Of the plan once its policy was changed. */
export const OTHER_HASH = 'decade'.repeat(10);
const by = 'ada';
const reason = 'because';

/** Starts a run on a mesh. */
export function startRun(client: Client, mesh: FakeMesh, request: UpgradeRequest): Promise<Run> {
  return startWith(client, mesh, { request, requestedBy: by });
}

/** Starts a run that takes back one that has succeeded. */
export function restoreRun(client: Client, mesh: FakeMesh, restores: Restoration): Promise<Run> {
  return startWith(client, mesh, { request: requestFor(mesh.cluster, mesh.options), requestedBy: by, restores });
}

async function startWith(client: Client, mesh: FakeMesh, input: UpgradeInput): Promise<Run> {
  const handle = await client.workflow.start<typeof upgrade>(UPGRADE_WORKFLOW, {
    workflowId: upgradeWorkflowId(mesh.cluster),
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  const state = () => handle.query(stateQuery);
  const reaches: Run['reaches'] = (phase, times = 1) => {
    const entered = () => phasesIn(mesh).filter((name) => name === phase).length;
    return mesh.script.until(`the run is ${phase}`, () => entered() >= times);
  };
  const promote: Run['promote'] = (gate, planHash = HASH) =>
    handle.executeUpdate(promoteUpdate, { args: [{ by, gate, planHash }] });
  return {
    mesh,
    handle,
    state,
    reaches,
    promote,
    promoteAs: (input) => handle.executeUpdate(promoteUpdate, { args: [{ by, planHash: HASH, ...input }] }),
    changePolicy: (policy, planHash = HASH) =>
      handle.executeUpdate(changePolicyUpdate, {
        args: [{ by, planHash, policy: policySchema.parse(policy), newHash: OTHER_HASH }],
      }),
    async promoteAll(...gates) {
      for (const gate of gates) {
        await mesh.script.until(`the run waits at gate ${gate}`, () => waitsAt(mesh, gate));
        await promote(gate);
      }
    },
    pause: () => handle.executeUpdate(pauseUpdate, { args: [{ by, reason }] }),
    resume: () => handle.executeUpdate(resumeUpdate, { args: [{ by }] }),
    rollBack: () => handle.executeUpdate(rollBackUpdate, { args: [{ by, reason }] }),
    retry: () => handle.executeUpdate(retryUpdate, { args: [{ by }] }),
    skip: (namespace) => handle.executeUpdate(skipNamespaceUpdate, { args: [{ by, namespace, reason }] }),
    cancel: () => handle.executeUpdate(cancelUpdate, { args: [{ by }] }),
    end: () => handle.result(),
  };
}

function waitsAt({ journal }: FakeMesh, gate: string): boolean {
  return journal.some(
    ({ body }) => body.type === 'transition' && body.message === `awaiting promotion at gate ${gate}`,
  );
}

/** The reason word with which an update was refused. @throws when it was not */
export async function refusalOf(update: Promise<unknown>): Promise<string> {
  try {
    await update;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      return error.cause.type ?? '(no word)';
    }
    throw error;
  }
  throw new Error('the update was accepted');
}
