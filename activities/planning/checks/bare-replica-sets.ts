import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';
import { injectionWish } from '../injection-wish.js';
import { controllerOf, placeOf } from '../meshed-pods.js';

/** A ReplicaSet without a Deployment has no rollout: its pods change only when they go. */
export const bareReplicaSets: Check = {
  id: 'MESH077',
  look: async ({ reader }) => {
    const kinds = [
      ['ReplicaSet', await reader.planned('apps/v1', 'replicasets')],
      ['ReplicationController', await reader.planned('v1', 'replicationcontrollers')],
    ] as const;
    return kinds.flatMap(([kind, objects]) =>
      objects.filter(isBare).map((object) => ({
        reason: 'EvictedByMeshlift',
        message: `${kind} ${placeOf(object)} belongs to nothing that could roll it out: Meshlift evicts its pods one after the other, within their disruption budgets.`,
        remedy: 'Nothing needs to be done.',
      })),
    );
  },
};

function isBare(object: KubeObject): boolean {
  const { replicas = 1, template } = asWorkload(object).spec;
  const wants = template.spec.hostNetwork !== true && injectionWish(template).annotation !== false;
  return controllerOf(object) === null && replicas > 0 && wants;
}
