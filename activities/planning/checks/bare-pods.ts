import { isKept, isLive, proxyTagOf } from '../../../domain/pod.js';
import { asPod } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** Pods with a sidecar that nothing brings back: they are never deleted, and hold the finalisation. */
export const barePods: Check = {
  id: 'MESH023',
  look: async ({ reader }) => {
    const pods = await reader.planned('v1', 'pods');
    return pods
      .filter((object) => {
        const pod = asPod(object);
        return isLive(pod) && proxyTagOf(pod) !== null && !isKept(pod);
      })
      .map(({ metadata }) => ({
        reason: 'OldRevisionInUse',
        message: `Pod ${metadata.namespace ?? ''}/${metadata.name} belongs to no Deployment, StatefulSet or DaemonSet: it keeps its old sidecar until it ends.`,
        remedy: 'Replace it yourself, or let it finish: the old control plane stays as long as it runs.',
      }));
  },
};
