import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** With update strategy OnDelete a new pod template changes no pod (pitfalls 4c). */
export const onDelete: Check = {
  id: 'MESH021',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads
      .filter(({ object }) => asWorkload(object).spec.updateStrategy?.type === 'OnDelete')
      .map(({ ref }) => ({
        reason: 'EvictedByMeshlift',
        message: `${workloadName(ref)} has update strategy OnDelete: Meshlift evicts its pods itself, one after the other and within their disruption budgets.`,
        remedy: 'Nothing needs to be done, if its pods may be replaced now; else exclude its namespace.',
      }));
  },
};
