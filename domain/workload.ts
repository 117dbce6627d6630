import type { DriverName } from './driver.js';

/** Forward to the target release, or back to what the snapshot says. */
export type Direction = 'forward' | 'back';

/** The kinds whose pod template Meshlift restarts through an annotation. */
export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

/** Every kind that Meshlift moves: those, and the ones whose pods are evicted or replaced by their own controller. */
export const MOVABLE_KINDS = [...WORKLOAD_KINDS, 'ReplicaSet', 'ReplicationController', 'Rollout'] as const;
export type WorkloadKind = (typeof MOVABLE_KINDS)[number];

/** Points at one workload. */
export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** The sidecar that a pod is expected to run. */
export interface SidecarTarget {
  /** The revision that the injector writes on its pods; null where it writes none (1.5). */
  readonly revision: string | null;
  /** Tag of the proxy image, for instance `1.6.14-asm.2`. */
  readonly proxyTag: string;
  /** Whose injector it is: what pods say about their sidecar differs. Absent means `asm-1.6`. */
  readonly driver?: DriverName;
  /**
   * Its control plane is replaced where it is: every proxy of the revision is its, but for those that the new one has injected, which
   * only their version tells.
   */
  readonly replaced?: true;
  /** Whose pods are meant; absent means those of workloads, which have a sidecar. */
  readonly of?: 'gateways';
}

/** How far one workload is, as shown to people. Counts are pods. */
export interface WorkloadProgress {
  readonly workload: WorkloadRef;
  readonly status: 'waiting' | 'restarting' | 'moved' | 'failed';
  /** Pods that the workload wants. */
  readonly desired: number;
  /** Pods that are Ready and run the expected sidecar. */
  readonly moved: number;
  /** Why it is not there yet, as a sentence; absent when there is nothing to say. */
  readonly detail?: string;
}

/** The value of {@link RESTART_ANNOTATION}: the same run and direction give the same value, so a retry is no restart. */
export function restartMark(runId: string, direction: Direction): string {
  return `${runId}.${direction}`;
}

/** `Deployment shop/cart`, as it stands in sentences and logs. */
export function workloadName(ref: WorkloadRef): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}
