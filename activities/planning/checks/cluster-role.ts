import type { Check } from '../check.js';

/** Guide, step 0: only user clusters carry a mesh. */
export const clusterRole: Check = {
  id: 'MESH010',
  look: ({ cluster }) =>
    cluster.role === 'user'
      ? []
      : [
          {
            reason: 'UnsupportedSource',
            message: `Cluster ${cluster.id} is registered as an admin cluster; admin clusters carry no mesh.`,
            remedy: 'Register the user cluster, and upgrade that.',
          },
        ],
};
