import type { FailureReason } from './failures.js';
import type { MovedNamespace, MoveProgress } from './moves-told.js';
import type { Measurement, Verdict } from './gate-verdict.js';
import type { Finding, Plan } from './plan.js';
import type { Policy } from './policy/schema.js';
import type { KeptArchive } from './release.js';

/** Why a run stands still and what a person can do about it. */
export interface Obstacle {
  readonly reason: FailureReason;
  /** A sentence that names cluster, namespace and workload. */
  readonly message: string;
  /** The next step for a person. */
  readonly remedy: string;
}

/** Where a run is in the gate after a wave. */
export interface InGate {
  readonly wave: number;
  /** Which of the gate's steps, from 0. */
  readonly step: number;
  /** Steps of this gate that a person has promoted past. */
  readonly passed?: readonly number[];
}

/** Phases of a run that do the work of going forward, in order; and the one that takes a single wave back. */
export type ForwardPhase =
  | { readonly name: 'planning' }
  | { readonly name: 'preflight' }
  | { readonly name: 'preparing' }
  | { readonly name: 'installing' }
  | { readonly name: 'verifying' }
  | { readonly name: 'migrating'; readonly wave: number }
  | (InGate & { readonly name: 'soaking'; /** ISO 8601 in UTC. */ readonly until: string })
  | (InGate & { readonly name: 'analysing' })
  | (InGate & {
      readonly name: 'awaitingPromotion';
      readonly gate: string;
      /** So many different people must promote. */
      readonly approvers: number;
      readonly approvals: readonly { readonly by: string; readonly at: string }[];
    })
  | { readonly name: 'rollingBackWave'; readonly wave: number; /** Why. */ readonly obstacle: Obstacle }
  | { readonly name: 'finalizing' };

/** Phases after which nothing happens any more. */
export type FinalPhase =
  | { readonly name: 'succeeded' }
  | { readonly name: 'rolledBack' }
  | { readonly name: 'rejected' }
  | { readonly name: 'cancelled' };

export type Phase =
  | ForwardPhase
  | FinalPhase
  | { readonly name: 'rollingBack' }
  | {
      readonly name: 'blocked';
      readonly during: ForwardPhase;
      readonly obstacle: Obstacle;
      /** The step of the gate whose verdict it was. */
      readonly judged?: number;
    }
  | { readonly name: 'rollbackBlocked'; readonly obstacle: Obstacle; readonly manualCommands: readonly string[] };

export type PhaseName = Phase['name'];

/** Orthogonal to the phase: no new restart and no new step begins while it is set. */
export interface Pause {
  readonly since: string;
  /** `meshlift` when the run has paused itself because somebody else changed what it depends on. */
  readonly by: string;
  readonly reason: string;
  /** What to do about the reason; several lines where it holds a rule for a GitOps tool. */
  readonly remedy?: string;
}

export type NamespaceStatus = 'waiting' | 'moving' | 'moved' | 'failed' | 'skipped' | 'movingBack' | 'movedBack';

/** How far one namespace is. Times are ISO 8601 in UTC. */
export interface NamespaceState {
  readonly namespace: string;
  readonly wave: number;
  readonly status: NamespaceStatus;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Workloads restarted and pods on the expected sidecar when it was finished. */
  readonly workloads?: number;
  readonly pods?: number;
  /** Why it was skipped or failed. */
  readonly detail?: string;
}

/** The whole state of a run: one serialisable value, the answer of the query `state`. */
export interface RunState {
  readonly schema: 1;
  readonly cluster: string;
  readonly release: string;
  readonly runId: string;
  readonly requestedBy: string;
  readonly startedAt: string;
  readonly phase: Phase;
  /** Since when the run is in this phase. */
  readonly since: string;
  readonly pause: Pause | null;
  /** Null until planning is done. */
  readonly plan: Plan | null;
  readonly findings: readonly Finding[];
  readonly namespaces: readonly NamespaceState[];
  /** How far the moves are that are under way; absent while there are none. */
  readonly progress?: MoveProgress;
  /** Who has promoted at which gate. */
  readonly promotions: readonly Promotion[];
  /** What the looking steps of gates have said last; absent while none has. */
  readonly verdicts?: readonly JudgedStep[];
  /** Policies of waves that had begun when the policy was changed, oldest first: each is that of waves before `before`. */
  readonly earlierPolicies?: readonly { readonly before: number; readonly policy: Policy }[];
  /** Archives fetched and proven before the first change, and kept; absent until then. */
  readonly archives?: readonly KeptArchive[];
  /** Set when the first change to the cluster may have happened (installing): from then on `cancel` is refused. */
  readonly changed: boolean;
  /** Set when the old control plane may no longer be whole (finalizing): going back begins with restoring it. */
  readonly removing: boolean;
  /** The succeeded run that this one takes back; absent for an upgrade. */
  readonly restores?: { readonly runId: string };
  /** Who asked for the rollback and why. */
  readonly rollback: { readonly by: string; readonly reason: string; readonly at: string } | null;
  /** One line per phase entered, and for what people decide meanwhile; for people and for the report. */
  readonly timeline: readonly { readonly phase: PhaseName; readonly at: string; readonly note?: string }[];
  /** What the last proof of the mesh said, line by line; filled by finalising and by rolling back. */
  readonly proof: readonly ProofLine[];
}

/** One promotion by one person. */
export interface Promotion {
  readonly gate: string;
  readonly by: string;
  readonly at: string;
  /** Why the run went on in spite of what the gate said; absent where it had nothing against it. */
  readonly override?: string;
}

/** What one looking step of a gate has said last. */
export interface JudgedStep {
  readonly wave: number;
  readonly step: number;
  readonly at: string;
  readonly verdict: Verdict;
  readonly detail: string;
  readonly measurements?: readonly Measurement[];
}

/** How a soak is changed: by so many seconds, fewer where that is below 0, or ended at once. */
export type SoakChange = 'skip' | { readonly extendSeconds: number };

/** One thing that was proven on the cluster at the end. */
export interface ProofLine {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Everything that can happen to a run. `at` is ISO 8601 in UTC. */
export type RunEvent = { readonly at: string } & (
  | { readonly type: 'planned'; readonly plan: Plan }
  | { readonly type: 'preflightFinished'; readonly findings: readonly Finding[] }
  | { readonly type: 'prepared'; readonly archives?: readonly KeptArchive[] }
  | { readonly type: 'installed' }
  | { readonly type: 'verified' }
  | { readonly type: 'namespacesJoined'; readonly namespaces: readonly string[] }
  | { readonly type: 'namespaceStarted'; readonly namespace: string; readonly direction: 'forward' | 'back' }
  | ({ readonly type: 'namespaceFinished'; readonly direction: 'forward' | 'back' } & MovedNamespace)
  | { readonly type: 'namespaceFailed'; readonly namespace: string; readonly detail: string }
  | { readonly type: 'namespaceSkipped'; readonly namespace: string; readonly by: string; readonly reason: string }
  | { readonly type: 'movesProgressed'; readonly progress: MoveProgress }
  | { readonly type: 'waveFinished' }
  | { readonly type: 'soakFinished' }
  | { readonly type: 'soakAdjusted'; readonly by: string; readonly soak: SoakChange }
  | {
      readonly type: 'gateJudged';
      readonly wave: number;
      readonly step: number;
      readonly verdict: Verdict;
      readonly detail: string;
      readonly remedy?: string;
      readonly measurements?: readonly Measurement[];
    }
  | { readonly type: 'promoted'; readonly gate: string; readonly by: string; readonly override?: string }
  | { readonly type: 'waveMovedBack' }
  | { readonly type: 'policyChanged'; readonly by: string; readonly policy: Policy; readonly planHash: string }
  | { readonly type: 'removalStarted' }
  | { readonly type: 'finalized'; readonly proof: readonly ProofLine[] }
  | { readonly type: 'failed'; readonly obstacle: Obstacle; readonly manualCommands?: readonly string[] }
  | { readonly type: 'retried'; readonly by: string }
  | { readonly type: 'paused'; readonly by: string; readonly reason: string }
  | { readonly type: 'resumed'; readonly by: string }
  | { readonly type: 'outsideChange'; readonly message: string; readonly remedy: string }
  | { readonly type: 'rollbackRequested'; readonly by: string; readonly reason: string }
  | { readonly type: 'rolledBack'; readonly proof: readonly ProofLine[] }
  | { readonly type: 'cancelled'; readonly by: string }
);

/** What people can ask of a run. */
export type RunCommand =
  | { readonly type: 'pause'; readonly by: string; readonly reason: string }
  | { readonly type: 'resume'; readonly by: string }
  | {
      readonly type: 'promote';
      readonly by: string;
      readonly gate: string;
      readonly planHash: string;
      /** Changes the soak of the gate instead of opening it. */
      readonly soak?: SoakChange;
      /** Goes on in spite of what a looking step says, or will say; and why. */
      readonly override?: string;
    }
  | {
      readonly type: 'changePolicy';
      readonly by: string;
      /** The plan that the caller knows. */
      readonly planHash: string;
      readonly policy: Policy;
      /** What the plan is called from then on: workflows cannot compute it. */
      readonly newHash: string;
    }
  | { readonly type: 'rollBack'; readonly by: string; readonly reason: string }
  | { readonly type: 'retry'; readonly by: string }
  | { readonly type: 'skipNamespace'; readonly by: string; readonly namespace: string; readonly reason: string }
  | { readonly type: 'cancel'; readonly by: string };

/** Why a command was not accepted, as a sentence. */
export interface Refusal {
  readonly reason: FailureReason;
  readonly message: string;
}
