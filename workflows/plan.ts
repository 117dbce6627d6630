import { inOrder, verdictsOf } from '../domain/checks/verdicts.js';
import { driverOf, type Plan, type UpgradeRequest } from '../domain/plan.js';
import { ask, check } from './activities.js';

/** What an upgrade would do, with the findings of every check. Changes nothing. */
export async function plan(request: UpgradeRequest): Promise<Plan> {
  const made = await ask.makePlan(request);
  const namespaces = made.waves.flatMap((wave) => wave.namespaces);
  const driver = made.route?.driver === undefined ? {} : { driver: made.route.driver };
  const [found, workloads] = await Promise.all([
    check.runPreflight({ plan: made, impatient: true }),
    // A plan without it still tells most: what cannot be read is a finding of its own.
    check
      .planWorkloads({ cluster: made.cluster, namespaces, replace: made.policy.replace, ...driver })
      .catch(() => null),
  ]);
  const findings = inOrder([...made.findings, ...found]);
  return {
    ...made,
    findings,
    checks: verdictsOf(findings, driverOf(made.route ?? {})),
    ...(workloads === null ? {} : { workloads }),
  };
}
