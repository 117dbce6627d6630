import { ApplicationFailure } from '@temporalio/common';
import { CHECKS, type CheckId } from '../../domain/checks/catalogue.js';
import { applyWaivers, inOrder } from '../../domain/checks/verdicts.js';
import { isAsked } from '../../domain/driver-checks.js';
import type { Finding, Plan } from '../../domain/plan.js';
import { releaseOfVersion } from '../../domain/release.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { isFailure } from '../failure.js';
import { helmOf } from '../helm/helm.js';
import { heartbeating } from '../heartbeat.js';
import type { Check, CheckInput } from './check.js';
import { CHECKS_TO_RUN } from './checks/index.js';
import { neededReleases } from './checks/release-fetched.js';
import { createClusterReader } from './cluster-reader.js';
import { detectMesh } from './detect-mesh.js';
import { createReleaseTools, type ReleaseTools } from './release-tools.js';
import { createTargetInstallation } from './target-installation.js';

/** Of one check. */
const MOST_FINDINGS = 50;

/** Runs every check of the plan, and marks what the request waives. Changes nothing. */
export function createRunPreflight(context: ActivityContext): Activities['runPreflight'] {
  return (input) => heartbeating((signal) => askAll(context, input, signal));
}

/**
 * The findings of every check of the catalogue, worst first.
 * @throws ClusterUnreachable, and DownloadFailed unless somebody waits for the answer: what heals by itself is no verdict
 */
export async function askAll(
  context: ActivityContext,
  { plan, impatient = false }: Parameters<Activities['runPreflight']>[0],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { cluster, kube } = context.access(plan.cluster);
  const catalogued = context.release(plan.release);
  const release = { ...catalogued, revision: plan.route?.to.revision ?? catalogued.revision };
  const input: CheckInput = {
    plan,
    cluster,
    kube,
    release,
    gates: context.settings,
    mesh: await detectMesh(plan.cluster, kube),
    reader: createClusterReader(kube, plan),
    target: createTargetInstallation(
      context,
      { release, options: plan.options, route: plan.route, cluster: plan.cluster },
      signal,
    ),
    source: sourceTools(context, plan, signal),
    helm: helmOf(context, plan.cluster, signal),
    signal,
  };
  // Before fifty questions are asked in vain, and once more at each try.
  if (!impatient) await Promise.all(neededReleases(input).map((tools) => tools.fetched().catch(throwIfHealing)));
  const findings = await Promise.all(
    CHECKS_TO_RUN.filter(({ id }) => isAsked(id, release.driver)).map((check) => ask(check, input)),
  );
  return inOrder(applyWaivers(findings.flatMap(bounded), plan.options.waivers));
}

function sourceTools(context: ActivityContext, { route }: Plan, signal: AbortSignal): ReleaseTools | null {
  const release = route === null ? null : releaseOfVersion(context.catalogue.releases, route.from.version);
  return release === null ? null : createReleaseTools(context, release, signal);
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

/** Nothing but an outage, which passes: what is refused for good is a finding of the check that needs it. */
function throwIfHealing(error: unknown): void {
  if (error instanceof ApplicationFailure && error.nonRetryable !== true) throw error;
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
    if (isFailure(error, 'ClusterUnreachable')) throw error;
    return [unanswered(id, input, error as Error)];
  }
}

function unanswered(id: CheckId, { cluster, release }: CheckInput, { message }: Error): Finding {
  const plan = `meshlift plan ${cluster.id} --release ${release.version}`;
  const { title, waivable } = CHECKS[id];
  return {
    check: id,
    severity: 'unknown',
    reason: 'Unanswered',
    message: `${title}: that could not be found out in cluster ${cluster.id}. ${message}`,
    remedy: waivable ? 'Mend what the message names, or take the risk with a waiver.' : 'Mend what the message names.',
    command: waivable ? `${plan} --waive ${id} --reason "..."` : plan,
  };
}
