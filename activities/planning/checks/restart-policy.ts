import { named } from '../../../domain/named.js';
import type { Check } from '../check.js';
import { meshedPods, placeOf } from '../meshed-pods.js';

/** With another restart policy than Always a proxy that ends is not started again, and its pod is cut off. */
export const restartPolicy: Check = {
  id: 'MESH088',
  look: async ({ reader }) => {
    const names = (await meshedPods(reader))
      .filter(({ object }) => (object['spec'] as { restartPolicy?: string }).restartPolicy === 'Never')
      .map(({ object }) => placeOf(object));
    if (names.length === 0) return [];
    return [
      {
        reason: 'NeverRestarted',
        message: `These pods have a sidecar and restartPolicy Never, so a proxy that ends is not started again: ${named(names)}.`,
        remedy: 'Nothing needs to be done for the upgrade: nothing touches their proxy.',
      },
    ];
  },
};
