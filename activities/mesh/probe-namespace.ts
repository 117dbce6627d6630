import { DEFAULT_REVISION, INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { proxyTagOf } from '../../domain/pod.js';
import type { KubeClient, Resource } from '../kube/types.js';
import { statusOf } from '../kube/failures.js';
import { asPod } from '../workloads/owned-pods.js';
import { untilHolds } from './deployment-state.js';

/** Marks the scratch namespaces of Meshlift; nothing in them is ever run. */
export const PROBE_LABEL = 'meshlift.dev/probe';
export const NAMESPACES: Resource = { api: 'v1', plural: 'namespaces' };

/**
 * Asks a control plane for a sidecar: a server-side dry run of a pod in a scratch namespace of that revision. The one
 * question that cannot be answered rightly by a control plane that is not whole. The webhook of 1.5 takes no dry run:
 * there the pod is made, and goes with its namespace.
 * @returns the tag of the proxy that came back; null when the pod came back without one
 * @throws KubernetesRequestFailed when the API server or the webhook refuses the pod
 */
export async function probeInjection(kube: KubeClient, revision: string, signal: AbortSignal): Promise<string | null> {
  const name = `meshlift-probe-${revision}`;
  const asks = revision === DEFAULT_REVISION ? { [INJECTION_LABEL]: 'enabled' } : { [REVISION_LABEL]: revision };
  const labels = { [PROBE_LABEL]: 'injection', ...asks };
  try {
    await untilThere(kube, name, labels, signal);
    const pods = { api: 'v1', plural: 'pods', namespace: name };
    const pod = await kube.create(pods, PROBE_POD, { dryRun: true }).catch((error: unknown) => {
      if ((error as Error).message.includes('does not support dry run')) return kube.create(pods, PROBE_POD);
      throw error;
    });
    return proxyTagOf(asPod(pod));
  } finally {
    await kube.delete({ ...NAMESPACES, name });
  }
}

export const PROBE_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe', labels: { app: 'probe' } },
  spec: { containers: [{ name: 'app', image: 'registry.example/never-pulled:probe' }] },
};

/** A namespace takes pods only when its default service account is there. One that is being deleted is waited out. */
export async function untilThere(
  kube: KubeClient,
  name: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const obstacle = await untilHolds(
    async () => {
      const found = await kube.get({ ...NAMESPACES, name });
      if (found?.metadata.deletionTimestamp !== undefined) return 'the last probe is still being removed';
      if (found === null)
        await createUnlessThere(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
      const account = await kube.get({ api: 'v1', plural: 'serviceaccounts', namespace: name, name: 'default' });
      return account === null ? 'its service account is not there yet' : null;
    },
    { timeoutSeconds: 60, signal },
  );
  if (obstacle !== null) throw new Error(`Namespace ${name} cannot be used for a probe: ${obstacle}`);
}

async function createUnlessThere(kube: KubeClient, namespace: object): Promise<void> {
  try {
    await kube.create(NAMESPACES, namespace);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  }
}

/** Removes the scratch namespaces that a killed worker left, and waits until they are gone. */
export async function removeProbeNamespaces(kube: KubeClient, signal: AbortSignal): Promise<void> {
  await untilHolds(
    async () => {
      const { items } = await kube.list(NAMESPACES, { labelSelector: PROBE_LABEL });
      for (const { metadata } of items) {
        if (metadata.deletionTimestamp === undefined) await kube.delete({ ...NAMESPACES, name: metadata.name });
      }
      return items.length === 0 ? null : 'scratch namespaces are still there';
    },
    { timeoutSeconds: 60, signal },
  );
}
