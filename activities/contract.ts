import type { DriverName } from '../domain/driver.js';
import type { GateVerdict } from '../domain/gate-verdict.js';
import type { JournalBody } from '../domain/journal.js';
import type { MovedNamespace } from '../domain/moves-told.js';
import type { OutsideChange } from '../domain/outside-change.js';
import type {
  DetectedMesh,
  Finding,
  GatewayDeployment,
  NodeAgent,
  OverlayFile,
  Plan,
  PlannedWorkload,
  Route,
  TagMove,
  UpgradeOptions,
  UpgradeRequest,
} from '../domain/plan.js';
import type { Budget, GateStep, Policy } from '../domain/policy/schema.js';
import type { KeptArchive } from '../domain/release.js';
import type { ProofLine } from '../domain/run.js';
import type { Direction, WorkloadRef } from '../domain/workload.js';

/** Names one run in every activity that acts for it. */
export interface RunRef {
  readonly cluster: string;
  readonly runId: string;
  readonly release: string;
  /** The run whose snapshot and backup count, where that is not this one: it takes that run back. */
  readonly restores?: string;
}

/** What `moveWorkload` and `verifyNamespace` report about pods. */
export interface MoveResult {
  readonly workload: WorkloadRef;
  /** Pods on the expected sidecar and Ready. */
  readonly pods: number;
  /** False when the workload had nothing to do: no pods that should have a sidecar, or all of them already moved. */
  readonly restarted: boolean;
}

/** One step with one gateway. */
export interface GatewayStep {
  readonly run: RunRef;
  readonly route: Route;
  readonly gateway: GatewayDeployment;
  /** For each part of it: a canary, its growth, the gateway itself. */
  readonly timeoutSeconds: number;
}

/** A step of a gate that looks at a wave. */
export type LookingStep = Extract<GateStep, { analysis: unknown } | { webhook: unknown } | { job: unknown }>;

/** Which namespaces are moved, and how. */
export interface MovesInput {
  readonly run: RunRef;
  readonly route: Route;
  readonly direction: Direction;
  readonly namespaces: readonly string[];
  /** All namespaces of the run: shares of the budget are shares of their pods. */
  readonly scope: readonly string[];
  readonly budget: Budget;
  readonly replace: Policy['replace'];
  /** Of each namespace so many per cent of its workloads move first. */
  readonly firstPercent?: number;
  /** Namespaces that begin first, in this order. */
  readonly order?: readonly string[];
  /** More failures than so many, and nothing further begins. */
  readonly maxFailedWorkloads: number;
  readonly timeoutSeconds: number;
  /** Whether a person has just ordered it, for the first time or by `retry`. */
  readonly isOrdered: boolean;
  /** Nothing begins: what has begun goes to its end, and the namespaces that are done by that are verified. */
  readonly isHeld: boolean;
}

/** What istioctl is called with. */
export interface Installation {
  readonly run: RunRef;
  readonly route: Route;
  readonly options: UpgradeOptions;
  readonly overlays: readonly OverlayFile[];
}

/**
 * What the workflows call. Every method may run twice and may be killed half-way; it reads, compares, acts, verifies.
 * Failures are `ApplicationFailure`s whose `type` is a word of `domain/failures.ts`.
 */
export interface Activities {
  /** Reads what is in the cluster. */
  detectMesh(input: { cluster: string }): Promise<DetectedMesh>;
  /** Detects, computes route, waves, commands and estimates. Its `findings` are those of the version gate only. */
  makePlan(input: UpgradeRequest): Promise<Plan>;
  /**
   * Runs every preflight check of the plan. Changes nothing. Throws what heals by itself: `ClusterUnreachable`, and
   * `DownloadFailed` where the release must be waited for.
   */
  runPreflight(input: {
    plan: Plan;
    /** Somebody waits for the answer: a release that cannot be had at the moment is a finding, `unknown`. */
    impatient?: boolean;
  }): Promise<readonly Finding[]>;

  /** What a run would do with each workload of some namespaces. Changes nothing. */
  planWorkloads(input: {
    cluster: string;
    namespaces: readonly string[];
    driver?: DriverName;
    replace: Policy['replace'];
  }): Promise<readonly PlannedWorkload[]>;

  /** Takes the cluster for the run before it looks at it. Throws `FencedOff` when the run of another Meshlift holds it. */
  holdCluster(input: { run: RunRef }): Promise<void>;
  /** Gives the cluster back at the end of the run. */
  releaseCluster(input: { run: RunRef }): Promise<void>;

  /**
   * Downloads, verifies and unpacks for this machine what the run will need: the target release, and from 1.5 also the
   * archive that brings the source back (guide, steps 2 and 3). Keeps the overlay files. Throws `OverlayChanged`.
   */
  fetchRelease(input: {
    run: RunRef;
    route: Route;
    overlays: readonly OverlayFile[];
  }): Promise<{ readonly archives: readonly KeptArchive[] }>;
  /**
   * From 1.5 only: proves before the first change that the old release's own tools could install it again with the options
   * of the run. Throws `WayBackUnusable`.
   */
  prepareWayBack(input: Installation): Promise<void>;
  /** Writes the snapshot of every object as it was before the run. Written once: a second call keeps the first. */
  takeSnapshot(input: { run: RunRef; route: Route }): Promise<{ readonly objects: number; readonly sha256: string }>;
  /** `istioctl install` of the new control plane beside the old one. */
  installControlPlane(input: Installation): Promise<void>;
  /**
   * Points revision tags at the new revision, and gives the namespaces that asked for it by name in the meantime their own
   * labels back. Throws `TagNotMoved`.
   */
  moveTags(input: { run: RunRef; route: Route; tags: readonly TagMove[] }): Promise<void>;
  /** Brings every tag, and the validation that belongs to the default one, back to what the snapshot says. Throws `TagNotMoved`. */
  restoreTags(input: { run: RunRef; route: Route }): Promise<void>;
  /** Gives a Gateway of the Gateway API a label with the revision that serves it, so that no tag moves it unwatched. */
  pinGateway(input: GatewayStep & { readonly side: 'from' | 'to' }): Promise<void>;
  /**
   * Moves one gateway that the installer does not own, and proves its addresses, traffic policies, autoscaler and budget as before.
   * Throws `GatewayChanged` besides what `moveWorkload` throws.
   */
  moveGateway(input: GatewayStep & { readonly direction: Direction }): Promise<MoveResult>;
  /** `istioctl install` once more, with the gateways that the installer owns: it replaces them in place. Throws `GatewayChanged`. */
  installGateways(
    input: Installation & { readonly gateways: readonly GatewayDeployment[]; readonly timeoutSeconds: number },
  ): Promise<void>;
  /**
   * `istioctl install` once more, with one part of every node: its DaemonSet is replaced in place, node by node, and watched. Throws
   * `WorkloadNotReady` with the nodes that are missing.
   */
  installNodeAgent(input: Installation & { readonly agent: NodeAgent; readonly timeoutSeconds: number }): Promise<void>;
  /** Gives a Gateway the label back that its owner wrote. */
  releaseGateway(input: GatewayStep & { readonly side: 'from' | 'to' }): Promise<void>;
  /** Proves that the new control plane is complete and injects its own sidecar. */
  verifyControlPlane(input: { run: RunRef; route: Route }): Promise<readonly ProofLine[]>;

  /**
   * Names the namespaces that ask for the old control plane since the snapshot, and keeps what they say for the way back. Changes
   * nothing in the cluster.
   */
  findNewcomers(input: {
    run: RunRef;
    route: Route;
    /** Namespaces of the run. */
    known: readonly string[];
    /** Namespaces that a person has left out. */
    excluded: readonly string[];
  }): Promise<{ readonly namespaces: readonly string[] }>;
  /**
   * Moves namespaces, forward or back to exactly what the snapshot says: labels each, moves each workload once per run and
   * direction in the way that `domain/workload-actions.ts` and the policy say, and verifies. Tells the run by the signal
   * `moves` what has begun and ended. What is under way goes on when it is cancelled; called again it goes on from there.
   */
  moveNamespaces(input: MovesInput): Promise<{ readonly namespaces: readonly MovedNamespace[] }>;
  /**
   * Scans the whole mesh twice for pods that still run the old sidecar: waits for Jobs, names what needs a person. Throws
   * `JobsUnfinished`, `PodsUnmanaged` or `OldRevisionInUse` with the pods.
   */
  confirmMoved(input: {
    run: RunRef;
    route: Route;
    /** How long Jobs may take to finish. */
    timeoutSeconds: number;
    /** Between the two scans. */
    pauseSeconds: number;
    /** Whether a person has waived pods that nothing replaces. */
    waiveUnmanaged: boolean;
  }): Promise<{ /** `namespace/name` */ readonly waived: readonly string[] }>;

  /**
   * Throws `OldRevisionInUse` with the list unless nothing uses the old revision. An unanswered question means in use.
   * Pods that a person has waived (`namespace/name`) do not count.
   */
  checkOldRevisionUnused(input: { run: RunRef; route: Route; waived?: readonly string[] }): Promise<void>;
  /** Points Service `istiod` at the new revision, so that validation stays alive (pitfalls 4a.1). */
  adoptDefaultService(input: { run: RunRef; route: Route }): Promise<void>;
  /** Deletes the old injection webhook (pitfalls 4a.2). */
  removeOldInjection(input: { run: RunRef; route: Route }): Promise<void>;
  /** Deletes the old Deployment, HPA and PDB (guide, step 7) and what else is the old revision's, never Service `istiod`. */
  removeOldControlPlane(input: { run: RunRef; route: Route }): Promise<void>;
  /** Proves the finished mesh: pods, validation alive, a new namespace injectable. Throws `ValidationBroken` and the like. */
  verifyMesh(input: { run: RunRef; route: Route; waived?: readonly string[] }): Promise<readonly ProofLine[]>;

  /**
   * Watches what the run depends on until somebody else changes it, and tells each change once.
   * @returns null when it cannot be watched
   */
  watchForOutsiders(input: {
    run: RunRef;
    route: Route;
    /** Namespaces of the run that have not been moved, and those that have. */
    waiting: readonly string[];
    moved: readonly string[];
    /** Keys of changes that were told before. */
    told: readonly string[];
  }): Promise<readonly OutsideChange[] | null>;

  /** Notes how the workloads of a wave do before it begins; what was noted once stays. */
  notePodHealth(input: { run: RunRef; wave: string; namespaces: readonly string[] }): Promise<void>;
  /** Watches the new pods of a wave until a moment, or looks once; ends at once when a workload does worse than before. */
  watchPodHealth(input: {
    run: RunRef;
    route: Route;
    wave: string;
    namespaces: readonly string[];
    /** ISO time. */
    until?: string;
  }): Promise<GateVerdict>;
  /**
   * Judges one step of a gate that looks: an analysis, a webhook or a Job. Takes as long as that takes. Says no by its verdict;
   * throws only what heals by itself, and what keeps the cluster from being read.
   */
  judgeGate(input: {
    run: RunRef;
    route: Route;
    wave: string;
    namespaces: readonly string[];
    step: LookingStep;
    /** ISO time: an analysis measures until then, and only a failure ends it sooner; a webhook or Job has so long to decide. */
    stopAt?: string;
  }): Promise<GateVerdict>;

  /** Brings the old control plane back as it was before finalising: from the backup and the snapshot, and proves it. */
  restoreOldControlPlane(input: { run: RunRef; route: Route }): Promise<void>;
  /** In place only: gives every object of the control plane back what the snapshot says, and proves that the old one serves. */
  restoreInPlace(input: { run: RunRef; route: Route }): Promise<void>;
  /** Restores the gateway's recorded pod template; never a blind `rollout undo`. */
  restoreGateways(input: { run: RunRef; timeoutSeconds: number }): Promise<void>;
  /**
   * Waits until nothing runs the new sidecar any more: Jobs that began with it may finish. Throws `JobsUnfinished`,
   * `PodsUnmanaged` or `SidecarWrong` with the pods, and `commands` in its details.
   */
  confirmMovedBack(input: { run: RunRef; route: Route; timeoutSeconds: number }): Promise<void>;
  /** Back to 1.5 only: its own istioctl installs it again (guide, step 6), once nothing uses the new control plane. */
  reinstallSource(input: Installation): Promise<readonly ProofLine[]>;
  /** Restores what the install replaced (shared objects) and removes what it added (new control plane, webhook, ConfigMaps, EnvoyFilters). */
  removeNewControlPlane(input: { run: RunRef; route: Route }): Promise<void>;
  /** Compares the cluster with the snapshot. Throws `SnapshotDiffers` with the list. */
  compareWithSnapshot(input: { run: RunRef; route: Route }): Promise<readonly ProofLine[]>;

  /** Appends entries to the run's journal. `key` makes a repeated call harmless. */
  recordEvents(input: {
    run: RunRef;
    entries: readonly { key: string; at: string; body: JournalBody }[];
  }): Promise<void>;
}
