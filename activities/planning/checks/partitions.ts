import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** With a partition a rollout stops half-way, and calls itself complete (pitfalls 4c). */
export const partitions: Check = {
  id: 'MESH078',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads.flatMap(({ ref, object }) => {
      const { updateStrategy, replicas = 1 } = asWorkload(object).spec;
      const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
      if (ref.kind !== 'StatefulSet' || updateStrategy?.type === 'OnDelete' || partition === 0 || replicas === 0)
        return [];
      return [
        {
          reason: 'EvictedByMeshlift',
          message: `${workloadName(ref)} holds its pods below ${partition} back by a partition: Meshlift evicts these itself, in order and within their disruption budgets. They keep their own template and get the new sidecar.`,
          remedy: 'Nothing needs to be done, if these pods may be replaced now; else exclude its namespace.',
        },
      ];
    });
  },
};
