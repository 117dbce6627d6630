import { workloadName } from '../../../domain/workload.js';
import type { Check } from '../check.js';
import { controllerOf, ownerName } from '../meshed-pods.js';

/** An operator that writes its own pod template again takes the mark of the restart away, and restarts once more. */
export const managedWorkloads: Check = {
  id: 'MESH081',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads.flatMap(({ ref, object }) => {
      const owner = controllerOf(object);
      if (owner === null) return [];
      return [
        {
          reason: 'OperatorOwned',
          message: `${workloadName(ref)} is managed by ${ownerName(owner, object)} (${owner.apiVersion}): its operator may write its pod template again.`,
          remedy:
            'Watch it when its namespace moves: an operator that undoes the restart makes its pods restart twice.',
        },
      ];
    });
  },
};
