import { named } from '../../../domain/named.js';
import { ISTIO_NAMESPACE } from '../../../domain/names.js';
import type { Check } from '../check.js';

/** Clusters of one mesh are upgraded control planes first, all of them, before any data plane (pitfalls 4b). */
export const multiCluster: Check = {
  id: 'MESH051',
  look: async ({ kube, cluster }) => {
    const secrets = { api: 'v1', plural: 'secrets', namespace: ISTIO_NAMESPACE };
    const { items } = await kube.list(secrets, { labelSelector: 'istio/multiCluster=true' });
    if (items.length === 0) return [];
    return [
      {
        reason: 'MultiCluster',
        message: `The mesh of cluster ${cluster.id} reads other clusters, by Secrets ${named(items.map(({ metadata }) => `${ISTIO_NAMESPACE}/${metadata.name}`))}.`,
        remedy:
          'Upgrade the control planes of all of its clusters before any workload: promote the first gate of each when all of them are installed.',
        command: 'kubectl -n istio-system get secrets -l istio/multiCluster=true',
      },
    ];
  },
};
