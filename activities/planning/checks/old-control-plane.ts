import type { Check } from '../check.js';

/** Going back needs an old control plane that works. */
export const oldControlPlane: Check = {
  id: 'MESH013',
  look: ({ mesh, plan, cluster }) =>
    mesh.controlPlanes
      .filter(({ revision, ready }) => revision === plan.route?.from.revision && !ready)
      .map(({ deployment }) => ({
        reason: 'ControlPlaneNotReady',
        message: `Deployment istio-system/${deployment} of cluster ${cluster.id} is not complete: there would be no way back.`,
        remedy: 'Bring the old control plane up first.',
        command: `kubectl -n istio-system rollout status deployment/${deployment}`,
      })),
};
