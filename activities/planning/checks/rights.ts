import type { Check } from '../check.js';

/** Guide, step 2: the installation creates RBAC rules, so its account needs cluster-admin. */
export const rights: Check = {
  id: 'MESH012',
  look: async ({ kube, cluster }) => {
    const answer = await kube.create(
      { api: 'authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' },
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { group: '*', resource: '*', verb: '*' } },
      },
    );
    if ((answer['status'] as { allowed?: boolean } | undefined)?.allowed === true) return [];
    return [
      {
        reason: 'PermissionDenied',
        message: `The registered identity of cluster ${cluster.id} is not cluster-admin; the installation creates cluster roles, webhooks and CRDs.`,
        remedy: 'Bind it to cluster-admin for the time of the upgrade (infra/rbac/upgrader.yaml).',
      },
    ];
  },
};
