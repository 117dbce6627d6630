import { podsOf, type Budget } from '../../../domain/policy/schema.js';
import { actionBy, waysToReplace } from '../../../domain/policy/replace-by.js';
import { desiredPods } from '../../../domain/rollout.js';
import { footprintOf } from '../../../domain/scheduling/footprint.js';
import { actionFor } from '../../../domain/workload-actions.js';
import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, Found } from '../check.js';
import type { PlannedWorkload } from '../cluster-reader.js';

/** The one thing that can exceed the safety budget: a workload that alone may take more than it allows. It is named before the start. */
export const beyondBudget: Check = {
  id: 'MESH089',
  look: async ({ reader, plan }) => {
    const workloads = await reader.workloads();
    const waysOf = waysToReplace(plan.policy.replace);
    return workloads.flatMap((planned): Found[] => {
      const { ref, object } = planned;
      const workload = asWorkload(object);
      const action = actionBy(actionFor(ref.kind, object).action, waysOf(ref, workload).by);
      const { unavailable, surge } = footprintOf(ref.kind, workload, action);
      const broken = brokenBy({ unavailable, surge }, budgetFor(planned, workloads, plan.policy.budget));
      if (broken === null) return [];
      return [
        {
          reason: 'BeyondBudget',
          message: `${workloadName(ref)} ${broken}: it moves alone, when nothing else is on its way.`,
          remedy: 'Let it, or give its owner a smaller maxUnavailable or maxSurge, or the policy a larger budget.',
        },
      ];
    });
  },
};

interface Room {
  readonly all: number;
  readonly own: number;
  readonly surge: number;
}

function budgetFor({ ref }: PlannedWorkload, workloads: readonly PlannedWorkload[], budget: Budget): Room {
  const own = workloads.filter((other) => other.ref.namespace === ref.namespace);
  return {
    all: podsOf(budget.maxUnavailablePods, podsIn(workloads)),
    own: podsOf(budget.maxUnavailablePerNamespace, podsIn(own)),
    surge: budget.maxSurgePods,
  };
}

function podsIn(workloads: readonly PlannedWorkload[]): number {
  return workloads.reduce((sum, { ref, object }) => sum + desiredPods(ref.kind, asWorkload(object)), 0);
}

function brokenBy({ unavailable, surge }: { unavailable: number; surge: number }, room: Room): string | null {
  if (unavailable > room.all) return `may take ${unavailable} pods at once, and the budget allows ${room.all}`;
  if (unavailable > room.own)
    return `may take ${unavailable} pods at once, and the budget allows ${room.own} in its namespace`;
  return surge > room.surge ? `may take ${surge} extra pods, and the budget allows ${room.surge}` : null;
}
