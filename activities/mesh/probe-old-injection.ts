import { randomUUID } from 'node:crypto';
import { INJECTION_LABEL } from '../../domain/names.js';
import { proxyTagOf } from '../../domain/pod.js';
import type { KubeClient } from '../kube/types.js';
import { asPod } from '../workloads/owned-pods.js';
import { NAMESPACES, PROBE_LABEL, PROBE_POD, untilThere } from './probe-namespace.js';

const NAME = 'meshlift-probe-default';

/** No scheduler answers to that name: the pod is never given to a node, and nothing of it is pulled or run. */
const UNSCHEDULED = { ...PROBE_POD, spec: { ...PROBE_POD.spec, schedulerName: 'meshlift.dev/none' } };

/**
 * Asks the control plane without a revision for a sidecar. The webhook of 1.5 declares no side effects and therefore takes
 * no dry run, so it is a real pod, for a moment, in a scratch namespace.
 * @returns the tag of the proxy that came back; null when the pod came back without one
 * @throws KubernetesRequestFailed when the API server or the webhook refuses the pod
 */
export async function probeOldInjection(kube: KubeClient, signal: AbortSignal): Promise<string | null> {
  const pods = { api: 'v1', plural: 'pods', namespace: NAME };
  // One that a killed worker left behind would answer for an earlier moment: each has a name of its own, and goes with
  // the namespace. So no right to delete pods is needed.
  const metadata = { ...PROBE_POD.metadata, name: `probe-${randomUUID().slice(0, 8)}` };
  try {
    await untilThere(kube, NAME, { [PROBE_LABEL]: 'injection', [INJECTION_LABEL]: 'enabled' }, signal);
    return proxyTagOf(asPod(await kube.create(pods, { ...UNSCHEDULED, metadata })));
  } finally {
    await kube.delete({ ...NAMESPACES, name: NAME });
  }
}
