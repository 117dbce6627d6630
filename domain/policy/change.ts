import { stepOf } from '../phases.js';
import type { RunState } from '../run.js';
import type { Policy, WaveRule } from './schema.js';
import { withPolicy } from './waves-of-plan.js';

/** The first wave that has not begun; null where there is none, or the run does not go forward. */
export function firstOpenWave({ phase, plan }: Pick<RunState, 'phase' | 'plan'>): number | null {
  const step = stepOf(phase);
  if (plan === null || step === null || step.name === 'finalizing') return null;
  const open = 'wave' in step ? step.wave + 1 : 0;
  return open < plan.waves.length ? open : null;
}

/**
 * What of a policy cannot change in a run: who is in which wave, and when the gateways move.
 * @returns a sentence's end, null where nothing of that changes
 */
export function fixedDifference(before: Policy, after: Policy): string | null {
  if (before.gateways.when !== after.gateways.when) return 'the time at which its gateways move is fixed in its plan';
  const same = JSON.stringify(before.waves?.map(divisionOf)) === JSON.stringify(after.waves?.map(divisionOf));
  return same ? null : 'its waves are fixed in its plan: their names, namespaces, order and percentages stay';
}

/** What decides which namespaces a wave has. Fields in a fixed order, so that two can be compared as text. */
function divisionOf({ name, namespaces, selector, percent, order, exclude }: WaveRule) {
  return [name, namespaces ?? null, selector ?? null, percent ?? null, order ?? null, exclude];
}

/** The run with another policy for the waves that have not begun; those that have keep theirs. */
export function withChangedPolicy(state: RunState, policy: Policy, hash: string): RunState {
  const open = firstOpenWave(state);
  const { plan, earlierPolicies = [] } = state;
  if (plan === null || open === null || fixedDifference(plan.policy, policy) !== null) return state;
  const changed = withPolicy(plan.waves, policy);
  const waves = plan.waves.map((wave, index) => (index < open ? wave : (changed[index] ?? wave)));
  const isKept = open === 0 || earlierPolicies.some(({ before }) => before === open);
  return {
    ...state,
    plan: { ...plan, policy, waves, hash },
    ...(isKept ? {} : { earlierPolicies: [...earlierPolicies, { before: open, policy: plan.policy }] }),
  };
}
