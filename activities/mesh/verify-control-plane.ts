import { ISTIO_NAMESPACE, REVISION_LABEL, TAG_LABEL } from '../../domain/names.js';
import type { Route } from '../../domain/plan.js';
import type { ProofLine } from '../../domain/run.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';
import { hasCaBundles } from './ca-bundles.js';
import { versionOf } from '../workloads/owned-pods.js';
import { isComplete, untilHolds } from './deployment-state.js';
import { driverFor } from './drivers/index.js';
import { probeInjection } from './probe-namespace.js';

/** The guide says five to ten minutes; most of it is behind us when istioctl returns. */
const TIMEOUT_SECONDS = 600;

const inMesh = (api: string, plural: string, name?: string): Resource => ({
  api,
  plural,
  namespace: ISTIO_NAMESPACE,
  ...(name === undefined ? {} : { name }),
});

/**
 * Proves the new control plane before the first workload moves (guide, step 4; pitfalls 4b): Deployments complete,
 * endpoints ready, webhook with a CA bundle, and a dry-run pod that comes back with the target's sidecar.
 * @throws ControlPlaneNotReady with what is missing
 */
export function createVerifyControlPlane(context: ActivityContext): Activities['verifyControlPlane'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const missing = await untilHolds(() => firstObstacle(kube, route), { timeoutSeconds: TIMEOUT_SECONDS, signal });
      if (missing !== null) throw notReady(run, route, missing);
      const tag = await probeInjection(kube, route.to.revision, signal);
      if (tag !== route.to.sidecar.proxyTag) {
        throw notReady(run, route, `a dry-run pod came back with ${tag === null ? 'no sidecar' : `proxy ${tag}`}`);
      }
      return proof(route);
    });
}

async function firstObstacle(kube: KubeClient, route: Route): Promise<string | null> {
  const { revision } = route.to;
  const { items } = await kube.list(inMesh('apps/v1', 'deployments'));
  const istiod = items.find(
    ({ metadata }) => metadata.labels?.['app'] === 'istiod' && metadata.labels[REVISION_LABEL] === revision,
  );
  if (istiod === undefined) return `there is no Deployment of istiod with revision ${revision}`;
  const version = versionOf(istiod);
  if (version !== route.to.version) return `Deployment ${istiod.metadata.name} runs ${version}`;
  const late = items.find(
    (deployment) => (deployment === istiod || isOfInstaller(deployment)) && !isComplete(deployment),
  );
  if (late !== undefined) return `Deployment ${late.metadata.name} is not complete`;
  const service = istiod.metadata.name;
  if (!hasAddress(await kube.get(inMesh('v1', 'endpoints', service))))
    return `Service ${service} has no ready endpoint`;
  return (await webhookObstacle(kube, revision)) ?? driverFor(route).verify(kube, route);
}

/** Gateways and add-ons, which the install replaces in place (guide, step 1). */
function isOfInstaller({ metadata }: KubeObject): boolean {
  return metadata.labels?.['operator.istio.io/component'] !== undefined;
}

function hasAddress(endpoints: KubeObject | null): boolean {
  const subsets = (endpoints?.['subsets'] ?? []) as { addresses?: unknown[] }[];
  return subsets.some(({ addresses = [] }) => addresses.length > 0);
}

async function webhookObstacle(kube: KubeClient, revision: string): Promise<string | null> {
  const { items } = await kube.list(
    { api: 'admissionregistration.k8s.io/v1', plural: 'mutatingwebhookconfigurations' },
    { labelSelector: `${REVISION_LABEL}=${revision},!${TAG_LABEL}` },
  );
  const [webhook] = items;
  if (webhook === undefined) return `there is no injection webhook of revision ${revision}`;
  const { length: entries } = (webhook['webhooks'] ?? []) as unknown[];
  const whole = entries > 0 && hasCaBundles(webhook);
  return whole ? null : `webhook ${webhook.metadata.name} has no CA bundle yet`;
}

function notReady(run: RunRef, route: Route, what: string) {
  const message = `The new control plane ${route.to.revision} of cluster ${run.cluster} is not ready: ${what}.`;
  return failure('ControlPlaneNotReady', message);
}

function proof(route: Route): ProofLine[] {
  return [
    { name: 'control plane complete', ok: true, detail: `istiod of ${route.to.revision} and its endpoints are ready` },
    { name: 'injects its own sidecar', ok: true, detail: `a dry-run pod got proxy ${route.to.sidecar.proxyTag}` },
  ];
}
