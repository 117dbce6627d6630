import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeObject, Resource } from '../kube/types.js';
import { isComplete, untilHolds } from './deployment-state.js';

/** Name of everything that belongs to the control plane without a revision. */
const DEFAULT_SERVICE = 'istiod';
const OLD_INJECTOR = 'istio-sidecar-injector';

const inMesh = (api: string, plural: string, name: string): Resource => ({
  api,
  plural,
  namespace: ISTIO_NAMESPACE,
  name,
});

/**
 * Points Service `istiod` at the new revision before anything is deleted. The guide deletes it; then every Istio object is
 * refused, and a minute later none is checked any more (pitfalls 4a.1).
 * @throws ControlPlaneNotReady when the Service gets no ready endpoint of the new revision
 */
export function createAdoptDefaultService(context: ActivityContext): Activities['adoptDefaultService'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const service = inMesh('v1', 'services', DEFAULT_SERVICE);
      const current = await kube.get(service);
      // Without the Service there is nothing that points at the old control plane by that name.
      if (current === null) return;
      const wanted = { app: 'istiod', [REVISION_LABEL]: route.to.revision };
      const selector = { ...Object.fromEntries(Object.keys(selectorOf(current)).map((key) => [key, null])), ...wanted };
      const patch = { spec: { selector } };
      const argv = [
        'kubectl',
        'patch',
        'service',
        DEFAULT_SERVICE,
        '-n',
        ISTIO_NAMESPACE,
        '--type',
        'merge',
        '-p',
        JSON.stringify(patch),
      ];
      await recordOperation(context.journal, run, { id: 'adopt-service', argv, mutating: true }, async () => {
        if (sameSelector(selectorOf(current), wanted)) return { outcome: 'unchanged', value: undefined };
        await kube.mergePatch(service, patch);
        return { outcome: 'succeeded', value: undefined };
      });
      await untilServed(context, run, route.to.revision, signal);
    });
}

function selectorOf(service: KubeObject): Readonly<Record<string, string>> {
  return (service['spec'] as { selector?: Record<string, string> }).selector ?? {};
}

function sameSelector(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(b).every((key) => a[key] === b[key]);
}

/** Waits until every ready endpoint of the Service is a pod of the new revision. */
async function untilServed(
  context: ActivityContext,
  run: RunRef,
  revision: string,
  signal: AbortSignal,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const obstacle = await untilHolds(
    async () => {
      const [endpoints, pods] = await Promise.all([
        kube.get(inMesh('v1', 'endpoints', DEFAULT_SERVICE)),
        kube.list(
          { api: 'v1', plural: 'pods', namespace: ISTIO_NAMESPACE },
          { labelSelector: `app=istiod,${REVISION_LABEL}=${revision}` },
        ),
      ]);
      const subsets = (endpoints?.['subsets'] ?? []) as { addresses?: { ip: string }[] }[];
      const served = subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
      const ours = new Set(pods.items.map((pod) => (pod['status'] as { podIP?: string }).podIP));
      if (served.length === 0) return 'it has no ready endpoint';
      return served.every((ip) => ours.has(ip)) ? null : 'it still leads to the old control plane';
    },
    { timeoutSeconds: 60, signal },
  );
  if (obstacle === null) return;
  throw failure(
    'ControlPlaneNotReady',
    `Service ${DEFAULT_SERVICE} of cluster ${run.cluster} was pointed at ${revision}, but ${obstacle}.`,
  );
}

/**
 * Deletes the old injection webhook: with its control plane gone it would refuse every pod of a namespace that still
 * asks for it (pitfalls 4a.2).
 */
export function createRemoveOldInjection(context: ActivityContext): Activities['removeOldInjection'] {
  return ({ run, route }) =>
    heartbeating(async () => {
      const webhook = {
        api: 'admissionregistration.k8s.io/v1',
        plural: 'mutatingwebhookconfigurations',
        name: OLD_INJECTOR,
      };
      await removeOld(context, run, webhook, route.from.revision);
    });
}

/**
 * Guide, step 7, without its Service: Deployment, HorizontalPodAutoscaler and PodDisruptionBudget of the old control
 * plane. By label and uid, not by name alone (pitfalls 4a.11). Waits until its pods are gone.
 * @throws ControlPlaneNotReady when the new one is not whole (I1)
 */
export function createRemoveOldControlPlane(context: ActivityContext): Activities['removeOldControlPlane'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const deployment = await kube.get(inMesh('apps/v1', 'deployments', `istiod-${route.to.revision}`));
      if (deployment === null || !isComplete(deployment)) {
        const message = `The new control plane ${route.to.revision} of cluster ${run.cluster} is not complete, so the old one stays.`;
        throw failure('ControlPlaneNotReady', message);
      }
      await removeOld(context, run, inMesh('apps/v1', 'deployments', DEFAULT_SERVICE), route.from.revision);
      await removeOld(
        context,
        run,
        inMesh('autoscaling/v1', 'horizontalpodautoscalers', DEFAULT_SERVICE),
        route.from.revision,
      );
      await removeOld(context, run, inMesh('policy/v1', 'poddisruptionbudgets', DEFAULT_SERVICE), route.from.revision);
      const left = await untilHolds(() => oldPods(context, run, route.from.revision), { timeoutSeconds: 120, signal });
      if (left !== null)
        throw failure(
          'OldRevisionInUse',
          `Pods of the old control plane of cluster ${run.cluster} do not go: ${left}.`,
        );
    });
}

async function oldPods(context: ActivityContext, run: RunRef, revision: string): Promise<string | null> {
  const { items } = await context
    .access(run.cluster)
    .kube.list({ api: 'v1', plural: 'pods', namespace: ISTIO_NAMESPACE }, { labelSelector: 'app=istiod' });
  const old = items.filter(({ metadata }) => (metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION) === revision);
  return old.length === 0 ? null : old.map(({ metadata }) => metadata.name).join(', ');
}

/** Deletes an object of the old revision, and only of it. */
async function removeOld(context: ActivityContext, run: RunRef, resource: Resource, revision: string): Promise<void> {
  const { kube } = context.access(run.cluster);
  const name = resource.name ?? '';
  const place = resource.namespace === undefined ? [] : ['-n', resource.namespace];
  const argv = ['kubectl', 'delete', resource.plural, name, ...place, '--ignore-not-found'];
  await recordOperation(
    context.journal,
    run,
    { id: `remove/${resource.plural}/${name}`, argv, mutating: true },
    async () => {
      const current = await kube.get(resource);
      if (current === null) return { outcome: 'unchanged', value: undefined };
      const found = current.metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION;
      const uid = current.metadata.uid;
      if (found !== revision || uid === undefined) {
        const message = `${resource.plural} ${name} of cluster ${run.cluster} belongs to revision ${found}, not to ${revision}; it was left alone.`;
        throw failure('OldRevisionInUse', message);
      }
      const deleted = await kube.delete(resource, { uid, propagation: 'Background' });
      return { outcome: deleted ? 'succeeded' : 'unchanged', value: undefined };
    },
  );
}
