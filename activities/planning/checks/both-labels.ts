import type { Check } from '../check.js';

/** `istio-injection` wins over `istio.io/rev`: with both, the second one says nothing (guide, step 5.1). */
export const bothLabels: Check = {
  id: 'MESH025',
  look: ({ mesh }) =>
    mesh.namespaces
      .filter(({ injection, revision }) => injection !== null && revision !== null)
      .map(({ namespace }) => ({
        reason: 'NamespaceChanged',
        message: `Namespace ${namespace} carries both istio-injection and istio.io/rev; the first one wins.`,
        remedy: 'Remove the one that is not meant.',
        command: `kubectl label namespace ${namespace} istio.io/rev-`,
      })),
};
