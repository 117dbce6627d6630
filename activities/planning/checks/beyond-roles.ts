import type { Check } from '../check.js';
import { EVERYTHING, mayI } from './access-review.js';

/**
 * Whoever is of group system:masters is asked for no role: nothing can be taken from it, and the audit shows no person.
 * RBAC names the binding that allows something; the API server's own short cut for that group names none.
 */
export const beyondRoles: Check = {
  id: 'MESH035',
  look: async ({ kube, cluster }) => {
    const { allowed, reason } = await mayI(kube, EVERYTHING);
    if (!allowed || (reason !== '' && !reason.includes('system:masters'))) return [];
    return [
      {
        reason: 'BeyondRoles',
        message: `The registered identity of cluster ${cluster.id} is allowed everything without a role: it is of group system:masters, or the API server authorizes whatever comes.`,
        remedy: 'Register an identity of its own, bound to cluster-admin for the time of the upgrade only.',
        command: 'kubectl apply -f infra/rbac/upgrader.yaml',
      },
    ];
  },
};
