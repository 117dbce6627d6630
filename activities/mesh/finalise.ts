import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { ownObjects, pluralOf } from '../../domain/old-revision.js';
import type { RecordedObject } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { forgetRelease } from '../helm/retire.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeObject, Resource } from '../kube/types.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { istiodPods } from './default-service.js';
import { isComplete, untilHolds } from './deployment-state.js';
import { driverFor } from './drivers/index.js';
import { removeOld } from './remove-old.js';

const inMesh = (api: string, plural: string, name: string): Resource => ({
  api,
  plural,
  namespace: ISTIO_NAMESPACE,
  name,
});

/** What is shared and must outlive the old control plane leads to the new one before anything is deleted. */
export function createAdoptDefaultService(context: ActivityContext): Activities['adoptDefaultService'] {
  return ({ run, route }) => heartbeating((signal) => driverFor(route).retire({ context, run, route, signal }));
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
      const before = await readSnapshot(context.dataDir, run);
      const own = ownObjects(before, route).filter((entry) => !isInjection(entry));
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
      if (route.installer === 'helm') await forgetRelease({ context, run, route, signal }, before);
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
