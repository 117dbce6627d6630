import type { Check } from '../check.js';
import { controllerOf, meshedPods, placeOf } from '../meshed-pods.js';

/** Pods with a sidecar that nothing brings back: they are never deleted, and hold the finalisation. */
export const barePods: Check = {
  id: 'MESH023',
  look: async ({ reader }) => {
    const pods = await meshedPods(reader);
    return pods
      .filter(({ object }) => controllerOf(object) === null)
      .map(({ object }) => ({
        reason: 'OldRevisionInUse',
        message: `Pod ${placeOf(object)} belongs to nothing that would bring it back: it keeps its old sidecar until it ends.`,
        remedy: 'Replace it yourself, or let it finish: the old control plane stays as long as it runs.',
      }));
  },
};
