import type { Check } from '../check.js';

/** A third control plane is none of this run's business, and the operator should know that. */
export const otherControlPlanes: Check = {
  id: 'MESH014',
  look: ({ mesh, plan }) =>
    mesh.controlPlanes
      .filter(({ revision }) => revision !== plan.route?.from.revision && revision !== plan.route?.to.revision)
      .map(({ deployment, version }) => ({
        reason: 'OtherControlPlane',
        message: `Deployment istio-system/${deployment} (${version}) is a further control plane; this run leaves it and its workloads alone.`,
        remedy: 'Upgrade it in a run of its own, or remove it when nothing uses it.',
      })),
};
