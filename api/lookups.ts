import type { UpgradeRequest } from '../domain/plan.js';
import { ApiProblem } from './api-problem.js';
import type { AppDeps, ClusterSummary } from './deps.js';

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The registered cluster of that id. @throws ApiProblem UnknownCluster */
export function findCluster({ clusters }: Pick<AppDeps, 'clusters'>, id: string): ClusterSummary {
  const cluster = clusters.find((entry) => entry.id === id);
  if (cluster === undefined)
    throw new ApiProblem('UnknownCluster', `No cluster ${quoted(id)} is registered on this server.`);
  return cluster;
}

/**
 * Refuses a request that names something the server does not have, before anything is asked of anybody.
 * Whether the upgrade is allowed is for the plan's findings to say, not for this.
 * @throws ApiProblem UnknownCluster, UnknownRelease, UnknownOverlay
 */
export function checkNames(deps: Pick<AppDeps, 'clusters' | 'releases' | 'overlays'>, request: UpgradeRequest): void {
  findCluster(deps, request.cluster);
  if (!deps.releases.some(({ version }) => version === request.release)) {
    const known = deps.releases.map(({ version }) => version).join(', ') || 'none';
    throw new ApiProblem(
      'UnknownRelease',
      `The release catalogue does not have ${quoted(request.release)}; it has: ${known}.`,
    );
  }
  const overlay = request.options.overlays.find((name) => !deps.overlays.includes(name));
  if (overlay !== undefined) {
    throw new ApiProblem('UnknownOverlay', `The server configuration does not have the overlay ${quoted(overlay)}.`);
  }
}

/**
 * Refuses a path that cannot be a run.
 * @throws ApiProblem UnknownCluster, UnknownRun
 */
export function checkRunPath(deps: Pick<AppDeps, 'clusters'>, path: { cluster: string; runId: string }): void {
  findCluster(deps, path.cluster);
  if (path.runId !== 'latest' && !RUN_ID.test(path.runId)) throw unknownRun(path.cluster, path.runId);
}

/** The failure for a run that is not there. */
export function unknownRun(cluster: string, runId: string): ApiProblem {
  return new ApiProblem(
    'UnknownRun',
    runId === 'latest' ? `Cluster ${cluster} has had no run yet.` : `Cluster ${cluster} has no run ${quoted(runId)}.`,
  );
}

/** Callers send anything; what goes back into a sentence is short and escaped. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
