import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { DEFAULT_SERVICE } from '../../domain/old-revision.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { untilHolds } from './deployment-state.js';

/** Pods of the istiod of a revision, also those on their way out. */
export async function istiodPods(kube: KubeClient, revision: string): Promise<readonly KubeObject[]> {
  const { items } = await kube.list(
    { api: 'v1', plural: 'pods', namespace: ISTIO_NAMESPACE },
    { labelSelector: 'app=istiod' },
  );
  return items.filter(({ metadata }) => (metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION) === revision);
}

/**
 * Waits until every ready endpoint of Service `istiod` is a pod of that revision.
 * @throws ControlPlaneNotReady when that does not come
 */
export async function untilServed(kube: KubeClient, run: RunRef, revision: string, signal: AbortSignal): Promise<void> {
  const obstacle = await untilHolds(
    async () => {
      const [endpoints, pods] = await Promise.all([
        kube.get({ api: 'v1', plural: 'endpoints', namespace: ISTIO_NAMESPACE, name: DEFAULT_SERVICE }),
        istiodPods(kube, revision),
      ]);
      const subsets = (endpoints?.['subsets'] ?? []) as { addresses?: { ip: string }[] }[];
      const served = subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
      const ours = new Set(pods.map((pod) => (pod['status'] as { podIP?: string }).podIP));
      if (served.length === 0) return 'it has no ready endpoint';
      return served.every((ip) => ours.has(ip)) ? null : 'it still leads to another control plane';
    },
    { timeoutSeconds: 60, signal },
  );
  if (obstacle === null) return;
  const message = `Service ${DEFAULT_SERVICE} of cluster ${run.cluster} was pointed at ${revision}, but ${obstacle}.`;
  throw failure('ControlPlaneNotReady', message);
}
