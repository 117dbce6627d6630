import { ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { DEFAULT_SERVICE, ownObjects, pluralOf } from '../../domain/old-revision.js';
import type { RecordedObject } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeObject, Resource } from '../kube/types.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { istiodPods, untilServed } from './default-service.js';
import { isComplete, untilHolds } from './deployment-state.js';
import { removeOld } from './remove-old.js';

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
      // The label too: whoever removes or counts what is the old revision's must not find this Service.
      const patch = { metadata: { labels: { [REVISION_LABEL]: route.to.revision } }, spec: { selector } };
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
        const isLabelled = current.metadata.labels?.[REVISION_LABEL] === route.to.revision;
        if (isLabelled && sameSelector(selectorOf(current), wanted)) return { outcome: 'unchanged', value: undefined };
        await kube.mergePatch(service, patch);
        return { outcome: 'succeeded', value: undefined };
      });
      await untilServed(kube, run, route.to.revision, signal);
    });
}

function selectorOf(service: KubeObject): Readonly<Record<string, string>> {
  return (service['spec'] as { selector?: Record<string, string> }).selector ?? {};
}

function sameSelector(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(b).every((key) => a[key] === b[key]);
}

/**
 * Deletes the old injection webhook: with its control plane gone it would refuse every pod of a namespace that still
 * asks for it (pitfalls 4a.2).
 */
export function createRemoveOldInjection(context: ActivityContext): Activities['removeOldInjection'] {
  return ({ run, route }) =>
    heartbeating(async () => {
      const before = await readSnapshot(context.dataDir, run);
      const own = ownObjects(before, route).filter(isInjection);
      for (const webhook of own) await removeOld(context, run, webhook);
    });
}

/**
 * Guide, step 7, without its Service, and what it forgets: Deployment, HorizontalPodAutoscaler and PodDisruptionBudget of
 * the old control plane; when its pods are gone, what only those read. By label and uid, not by name (pitfalls 4a.11).
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
      const own = ownObjects(await readSnapshot(context.dataDir, run), route).filter((entry) => !isInjection(entry));
      for (const entry of own.filter(isRunning)) await removeOld(context, run, entry);
      const left = await untilHolds(async () => namesOf(await istiodPods(kube, route.from.revision)), {
        timeoutSeconds: 120,
        signal,
      });
      if (left !== null)
        throw failure(
          'OldRevisionInUse',
          `Pods of the old control plane of cluster ${run.cluster} do not go: ${left}.`,
        );
      for (const entry of own.filter((other) => !isRunning(other))) await removeOld(context, run, entry);
    });
}

function isInjection(entry: RecordedObject): boolean {
  return pluralOf(entry) === 'mutatingwebhookconfigurations';
}

/** What runs the control plane, as against what that reads. */
function isRunning(entry: RecordedObject): boolean {
  return ['deployments', 'horizontalpodautoscalers', 'poddisruptionbudgets'].includes(pluralOf(entry));
}

function namesOf(objects: readonly KubeObject[]): string | null {
  return objects.length === 0 ? null : objects.map(({ metadata }) => metadata.name).join(', ');
}
