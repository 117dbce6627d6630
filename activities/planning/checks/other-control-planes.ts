import { ISTIO_NAMESPACE } from '../../../domain/names.js';
import type { ControlPlane } from '../../../domain/plan.js';
import type { Check, CheckInput, Found } from '../check.js';
import { gateOf } from '../control-planes.js';

/**
 * A third control plane is none of this run's business, and the operator should know that. But it shares CRDs, roles and
 * gateways with what is installed: one that the release does not follow upon may not bear it.
 */
export const otherControlPlanes: Check = {
  id: 'MESH014',
  look: (input) => {
    const { mesh, plan } = input;
    const own = [plan.route?.from.revision, plan.route?.to.revision];
    return mesh.controlPlanes.filter(({ revision }) => !own.includes(revision)).map((other) => found(other, input));
  },
};

function found(other: ControlPlane, { release }: CheckInput): Found {
  const verdict = gateOf(other, release);
  if (!verdict.ok) {
    return {
      severity: 'blocker',
      reason: 'UnsupportedSource',
      message: `${verdict.message} It is a further control plane: this run would leave it and its workloads alone, and yet change the CRDs, roles and gateways that it shares.`,
      remedy: `${verdict.remedy} Or remove it when nothing uses it.`,
    };
  }
  const { deployment, version } = other;
  return {
    severity: 'warning',
    reason: 'OtherControlPlane',
    message: `Deployment ${ISTIO_NAMESPACE}/${deployment} (${version}) is a further control plane; this run leaves it and its workloads alone.`,
    remedy: 'Upgrade it in a run of its own, or remove it when nothing uses it.',
  };
}
