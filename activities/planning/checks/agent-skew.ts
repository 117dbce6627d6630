import { minorDistance } from '../../../domain/revision-gate.js';
import type { Check } from '../check.js';

/** So many minors a part of every node may be behind the control plane that it gets its configuration from. */
const MOST_MINORS = 1;

/** CNI and ztunnel of one minor work with the control planes of the same and of the next one (pitfalls 4d). */
export const agentSkew: Check = {
  id: 'MESH058',
  look: ({ mesh, release, cluster }) =>
    (mesh.nodeAgents ?? [])
      .filter(({ version }) => {
        const distance = minorDistance(version, release.version);
        return distance === null || distance > MOST_MINORS;
      })
      .map(({ daemonSet, version }) => ({
        reason: 'ProxySkew',
        message: `DaemonSet ${daemonSet} of cluster ${cluster.id} has version ${version}; the control plane ${release.version} works with its own minor and the one before.`,
        remedy: 'Upgrade it to the minor before the target first.',
      })),
};
