import { ApplicationFailure } from '@temporalio/common';
import { CHECKS } from '../../domain/checks/catalogue.js';
import { applyWaivers, inOrder } from '../../domain/checks/verdicts.js';
import type { Finding, Plan } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { Check, CheckInput } from './check.js';
import { CHECKS_TO_RUN } from './checks/index.js';
import { createClusterReader } from './cluster-reader.js';
import { detectMesh } from './detect-mesh.js';
import { createTargetInstallation } from './target-installation.js';

/** Of one check. */
const MOST_FINDINGS = 50;

/** Runs every check of the plan, and marks what the request waives. Changes nothing. */
export function createRunPreflight(context: ActivityContext): Activities['runPreflight'] {
  return ({ plan }) => heartbeating((signal) => askAll(context, plan, signal));
}

/** The findings of every check of the catalogue, worst first. */
export async function askAll(context: ActivityContext, plan: Plan, signal: AbortSignal): Promise<readonly Finding[]> {
  const { cluster, kube } = context.access(plan.cluster);
  const release = context.release(plan.release);
  const input: CheckInput = {
    plan,
    cluster,
    kube,
    release,
    mesh: await detectMesh(plan.cluster, kube),
    reader: createClusterReader(kube, plan),
    target: createTargetInstallation(context, release, plan.options, signal),
    signal,
  };
  const findings = await Promise.all(CHECKS_TO_RUN.map((check) => ask(check, input)));
  return inOrder(applyWaivers(findings.flatMap(bounded), plan.options.waivers));
}

/** What a run carries with it is not without bounds: of one check that finds hundreds the worst are named. */
function bounded(findings: readonly Finding[]): readonly Finding[] {
  const sorted = inOrder(findings);
  const rest = sorted.slice(MOST_FINDINGS);
  const [next] = rest;
  if (next === undefined) return findings;
  const { check, severity, reason, remedy } = next;
  const message = `${rest.length} more are like those of ${check} that are named.`;
  return [...sorted.slice(0, MOST_FINDINGS), { check, severity, reason, message, remedy }];
}

/** The findings of one check. A check that fails has found that it does not know. */
async function ask({ id, look }: Check, input: CheckInput): Promise<Finding[]> {
  const { severity } = CHECKS[id];
  try {
    const found = await look(input);
    return found.map((entry) => ({ severity, ...entry, check: id }));
  } catch (error) {
    input.signal.throwIfAborted();
    // A cluster that does not answer at all heals by itself: then all is asked again, instead of 50 times "unknown".
    if (error instanceof ApplicationFailure && error.type === 'ClusterUnreachable') throw error;
    return [
      {
        check: id,
        severity: 'unknown',
        reason: 'Unanswered',
        message: `${CHECKS[id].title}: that could not be found out in cluster ${input.cluster.id}. ${(error as Error).message}`,
        remedy: 'Mend what the message names, or take the risk with a waiver.',
        command: `meshlift plan ${input.cluster.id} --release ${input.release.version} --waive ${id} --reason "..."`,
      },
    ];
  }
}
