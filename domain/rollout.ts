import { wantsProxy } from './injection.js';
import { hasSidecar, isLive, isReady, proxyTagOf, whyNotReady, type Pod } from './pod.js';
import { RESTART_ANNOTATION } from './names.js';
import { troubleOf, type Trouble, type TroubleReason } from './trouble.js';
import type { SidecarTarget, WorkloadKind } from './workload.js';

/** A workload of any kind that is moved, as far as its pods are concerned. */
export interface Workload {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly controller?: boolean }[];
  };
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly restartAt?: string;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
    readonly template: {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: Pod['spec'];
    };
  };
  readonly status?: WorkloadStatus;
}

/** What the controllers of all those kinds say, each in its own fields. */
interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  /** Argo Rollouts: `Healthy`, `Progressing`, `Paused` or `Degraded`, and the last restart that it has finished. */
  readonly phase?: string;
  readonly restartedAt?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/** Why a workload did not move, as words of `domain/failures.ts`. */
export type RolloutFailure =
  TroubleReason | 'SidecarMissing' | 'SidecarWrong' | 'WorkloadNotReady' | 'ProgressDeadlineExceeded';

/** All of them: an outage, or labels that somebody has changed, are no faults of a workload. */
const FAILURES_OF_WORKLOADS: Readonly<Record<RolloutFailure, true>> = {
  CrashLoopBackOff: true,
  ImagePullBackOff: true,
  Unschedulable: true,
  FailedCreateWebhook: true,
  FailedCreateQuota: true,
  FailedCreate: true,
  EvictionRefused: true,
  SidecarMissing: true,
  SidecarWrong: true,
  WorkloadNotReady: true,
  ProgressDeadlineExceeded: true,
};

/** Whether a reason word says that a workload did not move. */
export function isRolloutFailure(reason: string): reason is RolloutFailure {
  return reason in FAILURES_OF_WORKLOADS;
}

interface Counts {
  readonly desired: number;
  readonly moved: number;
}

/** What the objects say about a move that is under way. */
export type Rollout =
  | ({ readonly state: 'done' } & Counts)
  | ({
      readonly state: 'moving';
      readonly detail: string;
      /** What is in its way, when something is. */
      readonly trouble: Trouble | null;
    } & Counts)
  | ({ readonly state: 'failed'; readonly reason: RolloutFailure; readonly detail: string } & Counts);

/** A workload with what its status does not say. */
export interface Subject {
  readonly kind: WorkloadKind;
  readonly workload: Workload;
  /** Why its controller could create no pod, where only an event tells; null when there is no such event. */
  readonly refusal: string | null;
}

/** How many pods the workload wants. */
export function desiredPods(kind: WorkloadKind, workload: Workload): number {
  return kind === 'DaemonSet' ? (workload.status?.desiredNumberScheduled ?? 0) : (workload.spec.replicas ?? 1);
}

/** The value of the restart annotation that the pod template carries. */
export function restartMarkOf({ spec }: Workload): string | undefined {
  // An Argo Rollout may point at a Deployment instead of having a template of its own.
  const template = spec.template as Workload['spec']['template'] | undefined;
  return template?.metadata?.annotations?.[RESTART_ANNOTATION];
}

/** Whether a workload must be restarted to get all its pods onto the expected sidecar. */
export function needsRestart(pods: readonly Pod[], expected: SidecarTarget): boolean {
  return pods.some((pod) => isBehind(pod, expected));
}

/** Whether a pod that should have the expected sidecar has another one or none. */
export function isBehind(pod: Pod, expected: SidecarTarget): boolean {
  return isLive(pod) && wantsProxy(pod, expected) && !hasSidecar(pod, expected);
}

/** Whether a pod is where the move should bring it. */
export function isThere(pod: Pod, expected: SidecarTarget): boolean {
  return isLive(pod) && isReady(pod) && !isBehind(pod, expected);
}

/**
 * Judges a restarted workload by its own status and by every one of its pods.
 * @param pods the pods that the workload owns
 * @param mark the restart that is waited for; pods that carry it were created by it
 */
export function judgeRollout(subject: Subject, pods: readonly Pod[], expected: SidecarTarget, mark: string): Rollout {
  const { kind, workload } = subject;
  const live = pods.filter(isLive);
  const fresh = live.filter((pod) => pod.metadata.annotations?.[RESTART_ANNOTATION] === mark);
  const there = live.filter((pod) => isThere(pod, expected));
  const counts = { desired: desiredPods(kind, workload), moved: there.length };
  const failed = judgeFresh(subject, fresh, expected, counts);
  if (failed !== null) return failed;
  const settled = isSettled(kind, workload) && live.length === there.length && there.length >= counts.desired;
  return settled
    ? { state: 'done', ...counts }
    : { state: 'moving', ...whatIsLeft(subject, live, fresh, expected), ...counts };
}

/** What has gone wrong for good with the new pods of a workload; null when nothing has. */
export function judgeFresh(
  subject: Subject,
  fresh: readonly Pod[],
  expected: SidecarTarget,
  counts: Counts,
): Rollout | null {
  const wrong = fresh.find((pod) => isBehind(pod, expected));
  if (wrong !== undefined) return { state: 'failed', ...counts, ...whatIsWrong(wrong, expected) };
  const trouble = troubleOf(fresh, refusalOf(subject));
  if (trouble?.urgency === 'now') return { state: 'failed', reason: trouble.reason, detail: trouble.detail, ...counts };
  if (!isStuck(subject.workload)) return null;
  const unready = fresh.find((pod) => !isReady(pod));
  const why = unready === undefined ? '' : `: pod ${unready.metadata.name}: ${whyNotReady(unready)}`;
  const { reason, detail } = trouble ?? {
    reason: 'ProgressDeadlineExceeded' as const,
    detail: `its rollout does not progress${why}`,
  };
  return { state: 'failed', reason, detail, ...counts };
}

/** What a move still waits for. */
export function whatIsLeft(subject: Subject, live: readonly Pod[], fresh: readonly Pod[], expected: SidecarTarget) {
  const trouble = troubleOf(fresh, refusalOf(subject));
  return { trouble, detail: trouble?.detail ?? whyMoving(subject, live, expected) };
}

function whatIsWrong(pod: Pod, expected: SidecarTarget) {
  const tag = proxyTagOf(pod);
  const name = pod.metadata.name;
  return tag === null
    ? ({ reason: 'SidecarMissing', detail: `pod ${name} came back without a sidecar` } as const)
    : ({
        reason: 'SidecarWrong',
        detail: `pod ${name} came back with proxy ${tag}, not ${expected.proxyTag}`,
      } as const);
}

/** Why the controller of a workload could create no pod: Deployments and ReplicaSets say so in a condition. */
export function refusalOf({ workload, refusal }: Pick<Subject, 'workload' | 'refusal'>): string | null {
  const condition = workload.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  return condition?.message ?? refusal;
}

/** Whether the controller has seen the last change and brought all pods of the new template up. */
function isSettled(kind: WorkloadKind, workload: Workload): boolean {
  return hasSeen(workload) && (kind === 'DaemonSet' ? isDaemonSettled(workload) : areReplicasSettled(kind, workload));
}

/** Whether the controller of a workload has seen its last change. */
export function hasSeen({ metadata, status }: Workload): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function isDaemonSettled({ status = {} }: Workload): boolean {
  const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  return updatedNumberScheduled === wanted && numberAvailable === wanted;
}

function areReplicasSettled(kind: WorkloadKind, { spec, status = {} }: Workload): boolean {
  const { replicas: wanted = 1 } = spec;
  const ready = kind === 'Deployment' ? status.availableReplicas : status.readyReplicas;
  return [status.replicas, status.updatedReplicas, ready].every((count = 0) => count === wanted);
}

/** Whether the Deployment controller itself has given up on the current template. */
export function isStuck(workload: Workload): boolean {
  const conditions = workload.status?.conditions ?? [];
  return hasSeen(workload) && conditions.some(({ reason }) => reason === 'ProgressDeadlineExceeded');
}

function whyMoving({ kind, workload }: Subject, live: readonly Pod[], expected: SidecarTarget): string {
  const old = live.filter((pod) => isBehind(pod, expected)).length;
  const unready = live.find((pod) => !isReady(pod));
  if (unready !== undefined) return `pod ${unready.metadata.name}: ${whyNotReady(unready)}`;
  if (old > 0) return `${old} ${old === 1 ? 'pod still runs' : 'pods still run'} the other proxy`;
  return `${live.length} of ${desiredPods(kind, workload)} pods exist`;
}
