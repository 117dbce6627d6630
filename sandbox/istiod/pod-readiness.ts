import type { AdminClient, ClusterObject } from '../cluster/admin-client.js';
import type { IstiodPod } from './pod.js';

interface PodStatus {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly containerStatuses?: readonly { readonly ready: boolean }[];
}

/** Writes into the pod what a kubelet would: whether its only container answers its readiness probe. */
export async function writeReadiness(admin: AdminClient, pod: IstiodPod, ready: boolean): Promise<void> {
  const path = `/api/v1/namespaces/istio-system/pods/${pod.name}`;
  const current: ClusterObject | null = await admin.send('GET', path);
  if (current?.metadata.uid !== pod.uid) return;
  const { conditions = [], containerStatuses = [] } = (current['status'] ?? {}) as PodStatus;
  const value = ready ? 'True' : 'False';
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  await admin.send('PATCH', `${path}/status`, {
    status: {
      conditions: conditions.map((condition) =>
        ['Ready', 'ContainersReady'].includes(condition.type)
          ? { ...condition, status: value, lastTransitionTime }
          : condition,
      ),
      containerStatuses: containerStatuses.map((container) => ({ ...container, ready })),
    },
  });
}
