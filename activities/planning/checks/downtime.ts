import { fenceposts } from '../../../domain/fenceposts.js';
import { desiredPods, type Workload } from '../../../domain/rollout.js';
import { workloadName, type WorkloadRef } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** Workloads that are away for a moment, whatever Meshlift does: a DaemonSet always is, on one node after the other. */
export const downtime: Check = {
  id: 'MESH079',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads.flatMap(({ ref, object }) => {
      const why = whyDown(ref, asWorkload(object));
      if (why === null) return [];
      return [
        {
          reason: 'DowntimeCertain',
          message: `${workloadName(ref)} ${why}: no pod of it serves while it restarts.`,
          remedy: 'Give it a second replica or a surge, or choose a time when it may be away.',
        },
      ];
    });
  },
};

function whyDown({ kind }: WorkloadRef, workload: Workload): string | null {
  const replicas = desiredPods(kind, workload);
  if (kind === 'DaemonSet' || replicas === 0) return null;
  if (kind === 'StatefulSet') return replicas === 1 ? 'has one replica, which goes before the new one comes' : null;
  if (workload.spec.strategy?.type === 'Recreate') return 'has strategy Recreate, so all its pods go at once';
  return fenceposts(workload).unavailable >= replicas ? 'may lose all its pods at once by its maxUnavailable' : null;
}
