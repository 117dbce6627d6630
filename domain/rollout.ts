import { hasSidecar, isLive, isReady, proxyTagOf, wantsSidecar, whyNotReady, type Pod } from './pod.js';
import { RESTART_ANNOTATION } from './names.js';
import type { SidecarTarget, WorkloadKind } from './workload.js';

/** A Deployment, StatefulSet or DaemonSet, as far as its rollout is concerned. */
export interface Workload {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: Pod['spec'];
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

/** What the objects say about a restart that is under way. */
export type Rollout =
  | { readonly state: 'done'; readonly desired: number; readonly moved: number }
  | { readonly state: 'moving'; readonly desired: number; readonly moved: number; readonly detail: string }
  | {
      readonly state: 'failed';
      readonly reason: 'SidecarMissing' | 'SidecarWrong' | 'WorkloadNotReady';
      readonly desired: number;
      readonly moved: number;
      readonly detail: string;
    };

/** How many pods the workload wants. */
export function desiredPods(kind: WorkloadKind, workload: Workload): number {
  return kind === 'DaemonSet' ? (workload.status?.desiredNumberScheduled ?? 0) : (workload.spec.replicas ?? 1);
}

/** The value of the restart annotation that the pod template carries. */
export function restartMarkOf(workload: Workload): string | undefined {
  return workload.spec.template.metadata?.annotations?.[RESTART_ANNOTATION];
}

/** Whether a workload must be restarted to get all its pods onto the expected sidecar. */
export function needsRestart(pods: readonly Pod[], expected: SidecarTarget): boolean {
  return pods.some((pod) => isLive(pod) && wantsSidecar(pod) && !hasSidecar(pod, expected));
}

/**
 * Judges a workload by its own status and by every one of its pods.
 * @param pods the pods that the workload owns
 * @param mark the restart that is waited for; pods that carry it were created by it
 */
export function judgeRollout(
  { kind, workload }: { kind: WorkloadKind; workload: Workload },
  pods: readonly Pod[],
  expected: SidecarTarget,
  mark: string | null,
): Rollout {
  const live = pods.filter(isLive);
  const there = live.filter((pod) => isReady(pod) && (!wantsSidecar(pod) || hasSidecar(pod, expected)));
  const counts = { desired: desiredPods(kind, workload), moved: there.length };
  const wrong = live.find((pod) => isNewAndWrong(pod, expected, mark));
  if (wrong !== undefined) return { state: 'failed', ...counts, ...whatIsWrong(wrong, expected) };
  const stuck = isStuck(workload);
  const settled = isSettled(kind, workload) && live.length === there.length && there.length >= counts.desired;
  if (settled) return { state: 'done', ...counts };
  const detail = whyMoving(kind, workload, live, expected);
  return stuck
    ? { state: 'failed', reason: 'WorkloadNotReady', detail: `its rollout does not progress: ${detail}`, ...counts }
    : { state: 'moving', detail, ...counts };
}

function isNewAndWrong(pod: Pod, expected: SidecarTarget, mark: string | null): boolean {
  const isNew = mark !== null && pod.metadata.annotations?.[RESTART_ANNOTATION] === mark;
  return isNew && wantsSidecar(pod) && !hasSidecar(pod, expected);
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

/** Whether the controller has seen the last change and brought all pods of the new template up. */
function isSettled(kind: WorkloadKind, workload: Workload): boolean {
  return hasSeen(workload) && (kind === 'DaemonSet' ? isDaemonSettled(workload) : areReplicasSettled(kind, workload));
}

function hasSeen({ metadata, status }: Workload): boolean {
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
function isStuck(workload: Workload): boolean {
  const conditions = workload.status?.conditions ?? [];
  return hasSeen(workload) && conditions.some(({ reason }) => reason === 'ProgressDeadlineExceeded');
}

function whyMoving(kind: WorkloadKind, workload: Workload, live: readonly Pod[], expected: SidecarTarget): string {
  if (workload.spec.updateStrategy?.type === 'OnDelete') {
    return 'its update strategy is OnDelete: its pods change only when somebody deletes them';
  }
  const old = live.filter((pod) => wantsSidecar(pod) && !hasSidecar(pod, expected)).length;
  const unready = live.find((pod) => !isReady(pod));
  if (unready !== undefined) return `pod ${unready.metadata.name}: ${whyNotReady(unready)}`;
  if (old > 0) return `${old} pods still run the other proxy`;
  return `${live.length} of ${desiredPods(kind, workload)} pods exist`;
}
