import { firstOpenWave, fixedDifference } from './policy/change.js';
import { refuse, wrongPhase } from './refuse.js';
import type { Refusal, RunCommand, RunState } from './run.js';

/** Whether a run takes another policy: while a wave has not begun, for the plan that the caller knows, with the waves of that plan. */
export function acceptPolicy(
  state: RunState,
  { policy, planHash, newHash }: Extract<RunCommand, { readonly type: 'changePolicy' }>,
): Refusal | null {
  const doing = 'given another policy';
  const { plan } = state;
  if (plan === null) return wrongPhase(state, doing, 'it has no plan yet');
  if (firstOpenWave(state) === null) return wrongPhase(state, doing, 'no wave is left that has not begun');
  if (plan.hash !== planHash)
    return refuse(state, 'PlanChanged', doing, `it follows the plan ${plan.hash}, not ${planHash}`);
  if (newHash === planHash || newHash === '')
    return refuse(state, 'InvalidRequest', doing, 'a plan with another policy needs another hash');
  const fixed = fixedDifference(plan.policy, policy);
  return fixed === null ? null : refuse(state, 'PolicyFixed', doing, fixed);
}
