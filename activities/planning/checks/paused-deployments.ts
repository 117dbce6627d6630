import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** A paused Deployment never begins a rollout; `rollout status` calls it done all the same. */
export const pausedDeployments: Check = {
  id: 'MESH020',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads
      .filter(({ object }) => asWorkload(object).spec.paused === true)
      .map(({ ref }) => ({
        reason: 'WorkloadPaused',
        message: `${workloadName(ref)} is paused: it would keep its old sidecar.`,
        remedy: 'Resume it, or exclude its namespace.',
        command: `kubectl -n ${ref.namespace} rollout resume deployment/${ref.name}`,
      }));
  },
};
