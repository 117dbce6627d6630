import { named } from '../../../domain/named.js';
import { isKept, isLive, isReady } from '../../../domain/pod.js';
import { asPod } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** What is broken before the upgrade would be taken for broken by it. */
export const unreadyPods: Check = {
  id: 'MESH024',
  look: async ({ reader }) => {
    const pods = await reader.planned('v1', 'pods');
    const names = pods
      .filter((object) => isLive(asPod(object)) && isKept(asPod(object)) && !isReady(asPod(object)))
      .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
    if (names.length === 0) return [];
    return [
      {
        reason: 'WorkloadNotReady',
        message: `These pods are not Ready before the upgrade: ${named(names)}.`,
        remedy: 'Mend them first; the run would stop there.',
      },
    ];
  },
};
