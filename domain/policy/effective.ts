import type { UpgradeOptions } from '../plan.js';
import type { GateStep, Policy } from './schema.js';

/** The options that say something instead of the policy. */
type Shorthands = Pick<
  UpgradeOptions,
  'policy' | 'parallelWorkloads' | 'workloadTimeoutSeconds' | 'promotionTimeoutSeconds' | 'soakSeconds'
>;

/** The policy that a run follows: that of its options, with what other options say instead of it. */
export function effectivePolicy(options: Shorthands): Policy {
  const { policy, parallelWorkloads, workloadTimeoutSeconds, promotionTimeoutSeconds, soakSeconds } = options;
  const { budget, gates, timeouts } = policy;
  const others = gates.afterWave.filter((step) => !('soak' in step));
  return {
    ...policy,
    budget: { ...budget, maxConcurrentWorkloads: parallelWorkloads ?? budget.maxConcurrentWorkloads },
    gates: soakSeconds === undefined ? gates : { afterWave: [...soakOf(soakSeconds), ...others] },
    timeouts: {
      workload: workloadTimeoutSeconds ?? timeouts.workload,
      promotion: promotionTimeoutSeconds ?? timeouts.promotion,
    },
  };
}

function soakOf(soak: number): GateStep[] {
  return soak === 0 ? [] : [{ soak }];
}
