import { INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { named } from '../../domain/named.js';
import { driverOf, type Route } from '../../domain/plan.js';
import { isLive, runsSidecarOf, type Pod } from '../../domain/pod.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeClient } from '../kube/types.js';
import { isComplete } from '../mesh/deployment-state.js';
import { findIstiod } from '../mesh/istiods.js';
import { PROBE_LABEL } from '../mesh/probe-namespace.js';
import { listPods } from '../workloads/list-pods.js';

/** Invariant I1: nothing is taken from the new control plane while the old one is not whole. @throws ControlPlaneNotReady */
export async function requireOldControlPlane(kube: KubeClient, run: RunRef, route: Route): Promise<void> {
  const old = await findIstiod(kube, route.from.revision);
  if (old !== undefined && isComplete(old)) return;
  const message = `The old control plane ${route.from.revision} of cluster ${run.cluster} is not complete, so the new one stays.`;
  throw failure('ControlPlaneNotReady', message);
}

/** Pods on their way out may take their grace period; live ones stop the removal. @throws SidecarWrong */
export async function requireUnused(kube: KubeClient, run: RunRef, route: Route): Promise<void> {
  const users = (await listPods(kube)).filter((pod) => isLive(pod) && isUser(pod, route));
  if (users.length === 0) return;
  const pods = users.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  const message = `In cluster ${run.cluster} ${users.length} pods still run the sidecar of ${route.to.revision}: ${named(pods)}.`;
  throw failure('SidecarWrong', message);
}

/** A pod of 1.6 says whose it is by a label, istiod itself, too; of current Istio the label is a wish and the mark decides. */
function isUser(pod: Pod, { from, to, ...route }: Route): boolean {
  if (driverOf(route) === 'istio-revisioned') return runsSidecarOf(pod, to.sidecar, from.sidecar);
  const { labels = {} } = pod.metadata;
  return labels[REVISION_LABEL] === to.revision && labels['app'] !== 'istiod';
}

/**
 * A namespace that asks for a control plane that is gone can create no pods. The installer of 1.5 removes the new one at
 * once, so nobody may ask for it by then. @throws NamespaceChanged
 */
export async function requireNotAskedFor(kube: KubeClient, run: RunRef, route: Route): Promise<void> {
  const { items } = await kube.list(
    { api: 'v1', plural: 'namespaces' },
    { labelSelector: `${REVISION_LABEL}=${route.to.revision}` },
  );
  const asking = items
    .filter(
      ({ metadata: { labels = {} } }) => labels[PROBE_LABEL] === undefined && labels[INJECTION_LABEL] === undefined,
    )
    .map(({ metadata }) => metadata.name);
  if (asking.length === 0) return;
  const message = `In cluster ${run.cluster} namespace ${named(asking)} still asks for ${route.to.revision}, which installing ${route.from.version} again would remove.`;
  throw failure('NamespaceChanged', message);
}
