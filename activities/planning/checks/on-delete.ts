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
        reason: 'WorkloadNotReady',
        message: `${workloadName(ref)} has update strategy OnDelete: its pods change only when somebody deletes them.`,
        remedy: 'Delete its pods by hand, one after the other, when the run waits for it.',
      }));
  },
};
