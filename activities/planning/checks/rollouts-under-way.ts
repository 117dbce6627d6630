import { desiredPods, type Workload } from '../../../domain/rollout.js';
import { workloadName, type WorkloadRef } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** A second restart is not stacked upon a rollout that is under way. */
export const rolloutsUnderWay: Check = {
  id: 'MESH082',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads
      .filter(({ ref, object }) => isUnderWay(ref, asWorkload(object)))
      .map(({ ref }) => ({
        reason: 'RolloutUnderWay',
        message: `${workloadName(ref)} is in the middle of a rollout: the run waits for it before it restarts it.`,
        remedy: 'Let it finish, or undo it.',
        command: `kubectl -n ${ref.namespace} rollout status ${ref.kind.toLowerCase()}/${ref.name}`,
      }));
  },
};

function isUnderWay({ kind }: WorkloadRef, workload: Workload): boolean {
  const { metadata, status = {} } = workload;
  if (standsHalfWay(workload)) return false;
  return (status.observedGeneration ?? 0) < (metadata.generation ?? 0) || hasOldPods(kind, workload);
}

function hasOldPods(kind: WorkloadRef['kind'], workload: Workload): boolean {
  const { status = {} } = workload;
  if (kind === 'StatefulSet') return status.currentRevision !== status.updateRevision;
  const { updatedReplicas = 0, updatedNumberScheduled = 0, replicas = 0, desiredNumberScheduled = 0 } = status;
  if (kind === 'DaemonSet') return updatedNumberScheduled < desiredNumberScheduled;
  return updatedReplicas < Math.max(desiredPods(kind, workload), replicas);
}

/** What is paused, partitioned or replaced by hand is so on purpose; other checks tell of those. */
function standsHalfWay({ spec: { paused, updateStrategy } }: Workload): boolean {
  return paused === true || updateStrategy?.type === 'OnDelete' || (updateStrategy?.rollingUpdate?.partition ?? 0) > 0;
}
