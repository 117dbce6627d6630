import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';
import { placeOf } from '../meshed-pods.js';

interface BudgetStatus {
  readonly disruptionsAllowed?: number;
  readonly expectedPods?: number;
  readonly desiredHealthy?: number;
  readonly currentHealthy?: number;
}

/** A rolling restart does not ask a budget, an eviction does: with one that allows nothing it waits for ever. */
export const disruptionBudgets: Check = {
  id: 'MESH083',
  look: async ({ reader }) => {
    // Kubernetes before 1.21 has the beta only, and 1.25 has it no more; in between both show the same objects.
    const lists = await Promise.all(
      ['policy/v1', 'policy/v1beta1'].map((api) => reader.planned(api, 'poddisruptionbudgets')),
    );
    const budgets = new Map(lists.flat().map((object) => [placeOf(object), statusOf(object)]));
    return [...budgets].flatMap(([name, { expectedPods = 0, disruptionsAllowed = 0, ...status }]) => {
      if (expectedPods === 0 || disruptionsAllowed > 0) return [];
      const { desiredHealthy = 0, currentHealthy = 0 } = status;
      const impossible = desiredHealthy >= expectedPods;
      return [
        {
          reason: 'NoDisruptionAllowed',
          message: impossible
            ? `PodDisruptionBudget ${name} wants ${desiredHealthy} of its ${expectedPods} pods healthy, so it never allows an eviction.`
            : `PodDisruptionBudget ${name} allows no eviction now: ${currentHealthy} of its ${expectedPods} pods are healthy, and it wants ${desiredHealthy}.`,
          remedy: impossible
            ? 'Let it allow one disruption, or give its workload one replica more. A rolling restart does not ask it; what Meshlift evicts would wait for it in vain.'
            : 'Mend the pods that are not healthy first.',
        },
      ];
    });
  },
};

function statusOf(object: KubeObject): BudgetStatus {
  return object['status'] ?? {};
}
