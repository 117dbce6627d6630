import { groupBy } from '../../../domain/group-by.js';
import { named } from '../../../domain/named.js';
import type { Check } from '../check.js';
import { controllerOf, meshedPods, ownerName, placeOf } from '../meshed-pods.js';

/** A Job is not restarted: half of its work may be done. */
export const runningJobs: Check = {
  id: 'MESH075',
  look: async ({ reader }) => {
    const pods = (await meshedPods(reader)).flatMap(({ object }) => {
      const owner = controllerOf(object);
      return owner?.kind === 'Job' ? [{ object, job: ownerName(owner, object) }] : [];
    });
    return [...groupBy(pods, ({ job }) => job)].map(([job, members]) => ({
      reason: 'OldRevisionInUse',
      message: `${job} runs with the old sidecar (${named(members.map(({ object }) => placeOf(object)))}): it is let finish, and until then the old control plane stays.`,
      remedy:
        'Wait for it, or delete it. A sidecar of this age does not end with its job: the job must tell it to (POST /quitquitquit on port 15020).',
    }));
  },
};
