import type { WaveProblem } from '../wave-problem.js';
import type { Policy } from './schema.js';

type When = NonNullable<Policy['gateways']['when']>;

const SENTENCES: Readonly<Record<When, string>> = {
  withControlPlane:
    'The policy wants gateways with the last wave (gateways.when: lastWave), but here they are replaced together with the control plane.',
  lastWave:
    'The policy wants gateways together with the control plane (gateways.when: withControlPlane), but this release moves them last, one by one.',
};

/**
 * What is wrong with the time at which a policy wants gateways to move.
 * @param can when they do on this way: each way knows only one
 */
export function gatewayProblems(policy: Pick<Policy, 'gateways'> | undefined, can: When): WaveProblem[] {
  const when = policy?.gateways.when;
  if (when === undefined || when === can) return [];
  return [{ message: SENTENCES[can], remedy: `Leave gateways.when out of the policy, or say ${can}.` }];
}
