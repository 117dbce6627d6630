import { inOrder, verdictsOf } from '../domain/checks/verdicts.js';
import type { Plan, UpgradeRequest } from '../domain/plan.js';
import { ask, check } from './activities.js';

/** What an upgrade would do, with the findings of every check. Changes nothing. */
export async function plan(request: UpgradeRequest): Promise<Plan> {
  const made = await ask.makePlan(request);
  const findings = inOrder([...made.findings, ...(await check.runPreflight({ plan: made, impatient: true }))]);
  return { ...made, findings, checks: verdictsOf(findings) };
}
