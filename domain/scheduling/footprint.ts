import { fenceposts, share } from '../fenceposts.js';
import { desiredPods, type Workload } from '../rollout.js';
import type { WorkloadAction } from '../workload-actions.js';
import type { WorkloadKind } from '../workload.js';

/** What a move takes of the safety budget at its worst, and how long it takes in rounds. Counts are pods. */
export interface Footprint {
  /** Pods that may be missing at once. */
  readonly unavailable: number;
  /** Pods above the wanted number. */
  readonly surge: number;
  /** How often it must wait until new pods are Ready. */
  readonly rounds: number;
}

type Bound = number | string;

const NOTHING: Footprint = { unavailable: 0, surge: 0, rounds: 0 };
const DEFAULT_BOUND = '25%';

/** The footprint of a workload that is moved in this way, by the limits that its owner has set. */
export function footprintOf(kind: WorkloadKind, workload: Workload, action: WorkloadAction): Footprint {
  const pods = desiredPods(kind, workload);
  if (pods === 0 || action === 'report' || action === 'wait') return NOTHING;
  return action === 'evict' ? oneByOne(pods) : ROLLED[kind](workload, pods);
}

const oneByOne = (pods: number): Footprint => ({ unavailable: 1, surge: 0, rounds: pods });

/** What the controller of each kind does by itself; one that is missing does not compile. */
const ROLLED: Readonly<Record<WorkloadKind, (workload: Workload, pods: number) => Footprint>> = {
  Deployment: ofDeployment,
  DaemonSet: ofDaemonSet,
  StatefulSet: (_, pods) => oneByOne(pods),
  // Argo never takes fewer than one at a time.
  Rollout: (workload, pods) =>
    inRounds(pods, Math.max(1, Math.floor(share(boundsOf(workload).maxUnavailable ?? DEFAULT_BOUND, pods))), 0),
  ReplicaSet: (_, pods) => oneByOne(pods),
  ReplicationController: (_, pods) => oneByOne(pods),
};

function ofDeployment(workload: Workload, pods: number): Footprint {
  if (workload.spec.strategy?.type === 'Recreate') return { unavailable: pods, surge: 0, rounds: 1 };
  const { surge, unavailable } = fenceposts(workload);
  return inRounds(pods, unavailable, surge);
}

function ofDaemonSet(workload: Workload, pods: number): Footprint {
  const { maxSurge = 0, maxUnavailable = 1 } = boundsOf(workload);
  const surge = Math.ceil(share(maxSurge, pods));
  return surge > 0 ? inRounds(pods, 0, surge) : inRounds(pods, Math.max(1, Math.ceil(share(maxUnavailable, pods))), 0);
}

function inRounds(pods: number, unavailable: number, surge: number): Footprint {
  const capped = Math.min(unavailable, pods);
  return { unavailable: capped, surge, rounds: Math.ceil(pods / Math.max(1, capped + surge)) };
}

/** Both kinds keep them under another name. */
function boundsOf({ spec }: Workload): { readonly maxSurge?: Bound; readonly maxUnavailable?: Bound } {
  const update = spec.updateStrategy as { readonly rollingUpdate?: object } | undefined;
  return spec.strategy?.rollingUpdate ?? update?.rollingUpdate ?? {};
}
