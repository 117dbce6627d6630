import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { MOVES_SIGNAL, type MovesTold } from '../domain/moves-told.js';
import type { UpgradeRequest } from '../domain/plan.js';
import type { Restoration } from '../domain/restoration.js';
import type { Policy } from '../domain/policy/schema.js';
import type { RunState, SoakChange } from '../domain/run.js';

/** Task queue of every Meshlift worker. */
export const TASK_QUEUE = 'meshlift';

/** Workflow type names, as Temporal knows them. */
export const UPGRADE_WORKFLOW = 'upgrade';
export const PLAN_WORKFLOW = 'plan';
export const INSPECT_WORKFLOW = 'inspect';

const UPGRADE_PREFIX = 'upgrade/';

/** The workflow id is the business key: one open run per cluster, held by the server. */
export function upgradeWorkflowId(cluster: string): string {
  return `${UPGRADE_PREFIX}${cluster}`;
}

/** The cluster of an upgrade's workflow id, or null for another workflow's id. */
export function clusterOfWorkflowId(workflowId: string): string | null {
  return workflowId.startsWith(UPGRADE_PREFIX) ? workflowId.slice(UPGRADE_PREFIX.length) : null;
}

/** What a run is started with. */
export interface UpgradeInput {
  readonly request: UpgradeRequest;
  /** Who asked for it, for people. */
  readonly requestedBy: string;
  /** Set when the run takes back one that has succeeded: it begins with going back. */
  readonly restores?: Restoration;
}

/** From whoever moves the namespaces of the run: what has begun and ended, and how far it is. */
export const movesSignal = defineSignal<[MovesTold]>(MOVES_SIGNAL);

/** The whole state of the run. */
export const stateQuery = defineQuery<RunState>('state');

export interface ReasonInput {
  readonly by: string;
  readonly reason: string;
}
export interface ByInput {
  readonly by: string;
}
export interface PromoteInput {
  readonly by: string;
  readonly gate: string;
  readonly planHash: string;
  readonly soak?: SoakChange;
  readonly override?: string;
}
export interface PolicyInput {
  readonly by: string;
  readonly planHash: string;
  readonly policy: Policy;
  readonly newHash: string;
}
export interface SkipInput {
  readonly by: string;
  readonly namespace: string;
  readonly reason: string;
}

/** Updates answer with the new state, or are refused by a synchronous validator with a sentence. */
export const pauseUpdate = defineUpdate<RunState, [ReasonInput]>('pause');
export const resumeUpdate = defineUpdate<RunState, [ByInput]>('resume');
export const promoteUpdate = defineUpdate<RunState, [PromoteInput]>('promote');
export const rollBackUpdate = defineUpdate<RunState, [ReasonInput]>('rollBack');
export const retryUpdate = defineUpdate<RunState, [ByInput]>('retry');
export const skipNamespaceUpdate = defineUpdate<RunState, [SkipInput]>('skipNamespace');
export const changePolicyUpdate = defineUpdate<RunState, [PolicyInput]>('changePolicy');
export const cancelUpdate = defineUpdate<RunState, [ByInput]>('cancel');

/** Signals: thin aliases for the Temporal CLI and other systems. What an update would refuse, a signal ignores. */
export const pauseSignal = defineSignal<[ReasonInput]>('pause');
export const promoteSignal = defineSignal<[PromoteInput]>('promote');
export const rollBackSignal = defineSignal<[ReasonInput]>('rollBack');
