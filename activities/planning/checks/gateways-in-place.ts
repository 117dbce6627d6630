import type { Check } from '../check.js';

/** Guide, step 1: the gateway is the exception. */
export const gatewaysInPlace: Check = {
  id: 'MESH016',
  look: ({ mesh }) =>
    mesh.gateways.map((gateway) => ({
      reason: 'UpgradedInPlace',
      message: `Gateway ${gateway} is upgraded in place when the new control plane is installed, before any workload.`,
      remedy: 'Plan for a short interruption there.',
    })),
};
