import { named } from '../../../domain/named.js';
import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** The injector leaves pods alone that use the network of their node. */
export const hostNetwork: Check = {
  id: 'MESH074',
  look: async ({ reader }) => {
    const names = (await reader.workloads())
      .filter(({ object }) => asWorkload(object).spec.template.spec.hostNetwork === true)
      .map(({ ref }) => workloadName(ref));
    if (names.length === 0) return [];
    return [
      {
        reason: 'NotInjected',
        message: `These use the network of their node, so they have no sidecar and are not restarted: ${named(names)}.`,
        remedy: 'Nothing needs to be done.',
      },
    ];
  },
};
