import type { KubeObject } from '../kube/types.js';
import { versionOf } from '../workloads/owned-pods.js';
import type { Told } from '../workloads/report-progress.js';

/** What a DaemonSet lacks to run a version on every node, as a part of a sentence; null when it lacks nothing. */
export function agentObstacle(object: KubeObject | null, version: string): string | null {
  if (object === null) return 'it is not there';
  const found = versionOf(object);
  return found === version ? daemonSetObstacle(object) : `its template has version ${found}`;
}

/** What a DaemonSet lacks to be ready on every node; null when it lacks nothing. */
export function daemonSetObstacle({ metadata, status }: KubeObject): string | null {
  const {
    observedGeneration = 0,
    desiredNumberScheduled: wanted = 0,
    updatedNumberScheduled: updated = 0,
    numberAvailable: available = 0,
  } = (status ?? {}) as Readonly<Record<string, number>>;
  if (observedGeneration < (metadata.generation ?? 0)) return 'its controller has not seen it yet';
  if (updated < wanted) return `${updated} of ${wanted} nodes have it`;
  return available < wanted ? `it is ready on ${available} of ${wanted} nodes` : null;
}

/** How far a DaemonSet is, as people are told of it. Counts are nodes. */
export function progressOf(object: KubeObject | null, missing: string | null): Told {
  const {
    desiredNumberScheduled: desired = 0,
    updatedNumberScheduled: updated = 0,
    numberAvailable: available = 0,
  } = (object?.['status'] ?? {}) as Readonly<Record<string, number>>;
  return missing === null
    ? { status: 'moved', desired, moved: desired }
    : { status: 'restarting', desired, moved: Math.min(updated, available), detail: missing };
}
