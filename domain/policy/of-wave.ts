import type { Route, Wave } from '../plan.js';
import type { RunState } from '../run.js';
import type { GateStep, Policy } from './schema.js';
import { stepsOf } from './waves-of-plan.js';

type Policied = Pick<RunState, 'plan' | 'earlierPolicies'>;

/** The policy that a wave follows: the one that was in force when it began. Null before there is a plan. */
export function policyOfWave({ plan, earlierPolicies = [] }: Policied, wave: number): Policy | null {
  return earlierPolicies.find(({ before }) => wave < before)?.policy ?? plan?.policy ?? null;
}

/** The steps of the gate after a wave; none where there is no such wave. */
export function gateStepsOf(state: Policied, wave: number): readonly GateStep[] {
  const planned = state.plan?.waves[wave];
  const policy = policyOfWave(state, wave);
  return planned === undefined || policy === null ? [] : stepsOf(planned, policy);
}

/**
 * Whether one wave can go back while those before it stay. It cannot where it has moved something that they share: a tag, a
 * part of every node, a gateway; nor where the old control plane is gone, in place.
 */
export function canMoveBackAlone(
  route: Route | null | undefined,
  { tags = [], agents = [], gateways = [] }: Wave,
): boolean {
  return route?.inPlace !== true && tags.length + agents.length + gateways.length === 0;
}

/** Whether the policy asks for a wave to go back alone that cannot: then the whole run goes back, and the plan says so. */
export function takesAllBack({ onFailure }: Policy, route: Route | null | undefined, wave: Wave): boolean {
  const { analysis, inconclusive } = onFailure;
  return [analysis, inconclusive].includes('rollBackWave') && !canMoveBackAlone(route, wave);
}
