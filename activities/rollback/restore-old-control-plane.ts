import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { ownObjects, pluralOf, revisionOf } from '../../domain/old-revision.js';
import type { Route } from '../../domain/plan.js';
import { recordedName, type Json, type RecordedObject } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { recordedRelease } from '../helm/releases.js';
import { pointValidator, rememberRelease } from '../helm/retire.js';
import { takeBackRelease } from '../helm/upgrade-release.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { isComplete, untilHolds } from '../mesh/deployment-state.js';
import { driverFor } from '../mesh/drivers/index.js';
import { probeInjection } from '../mesh/probe-namespace.js';
import { backupFile, readBackup } from './backup-file.js';
import { resourceOf } from './observe.js';
import { restoreObject } from './restore.js';
import { readSnapshot } from './snapshot-file.js';

/** As long as istioctl itself waits for a control plane. */
const TIMEOUT_SECONDS = 600;

/**
 * Takes finalising back, in the one order without an instant that has no injection or no validation: the old control
 * plane with what it reads, then Service `istiod`, then the webhook. The new control plane serves meanwhile (I1).
 * @throws ClusterChanged before anything is changed, when others have been at work; ControlPlaneNotReady when the old
 * control plane does not come up, or does not inject its own sidecar
 */
export function createRestoreOldControlPlane(context: ActivityContext): Activities['restoreOldControlPlane'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      const own = ownObjects(before, route);
      await requireAsLeft(kube, run, route, own);
      const { parts, webhooks } = inOrder(own);
      for (const entry of parts) await restore(context, run, entry);
      await untilComplete(kube, run, parts, signal);
      await driverFor(route).restore({ context, run, route, signal }, before);
      for (const webhook of webhooks) await restore(context, run, webhook);
      await requireInjection(kube, run, route, signal);
      if (route.installer !== 'helm') return;
      await rememberRelease({ context, run, route, signal }, before);
      await pointValidator({ context, run, route, signal }, 'from');
    });
}

/**
 * Takes an installation in place back (ADR 0012): each object of the control plane gets back what the snapshot says, and the old
 * version is watched until it serves. There is no other one meanwhile, so what a proxy has already goes on, and nothing else does.
 * @throws ControlPlaneNotReady when the old control plane does not come up, or does not inject its own sidecar
 */
export function createRestoreInPlace(context: ActivityContext): Activities['restoreInPlace'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      const { parts, webhooks } = inOrder(ownObjects(before, route));
      if (route.installer === 'helm') {
        await takeBackRelease({ context, run, signal }, recordedRelease(before, run.cluster, route));
      }
      for (const entry of [...parts, ...webhooks]) await restoreObject(context, run, entry);
      await untilComplete(kube, run, parts, signal);
      await requireInjection(kube, run, route, signal);
    });
}

/** What a control plane reads must be there when it starts, and it must be there when it is called. */
function inOrder(own: readonly RecordedObject[]) {
  const webhooks = own.filter((entry) => pluralOf(entry) === 'mutatingwebhookconfigurations');
  return { webhooks, parts: own.filter((entry) => !webhooks.includes(entry)).reverse() };
}

/** Going back over what others have done since would be guessing. */
async function requireAsLeft(
  kube: KubeClient,
  run: RunRef,
  { from, to }: Route,
  own: readonly RecordedObject[],
): Promise<void> {
  const name = `istiod-${to.revision}`;
  const current = await kube.get({ api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE, name });
  if (current === null || !isComplete(current)) {
    const what = current === null ? 'gone' : 'not complete';
    const message = `The control plane ${to.revision} of cluster ${run.cluster} is ${what}: the mesh must not be changed now.`;
    throw failure(current === null ? 'ClusterChanged' : 'ControlPlaneNotReady', message);
  }
  for (const recorded of own) {
    const object = await kube.get(resourceOf(recorded));
    const revision = object === null ? null : revisionOf({ object: object as unknown as Record<string, Json> });
    if (revision === null || revision === from.revision) continue;
    const message = `In cluster ${run.cluster} ${recordedName(recorded)} belongs to revision ${revision} by now.`;
    throw failure('ClusterChanged', message);
  }
}

async function restore(context: ActivityContext, run: RunRef, entry: RecordedObject): Promise<void> {
  const manifest = await readBackup(context.dataDir, run, entry);
  const source = backupFile(context.dataDir, run, entry);
  await restoreObject(context, run, entry, manifest === null ? null : { manifest, source });
}

async function untilComplete(
  kube: KubeClient,
  run: RunRef,
  parts: readonly RecordedObject[],
  signal: AbortSignal,
): Promise<void> {
  const deployments = parts.filter((entry) => pluralOf(entry) === 'deployments');
  const obstacle = await untilHolds(
    async () => {
      for (const entry of deployments) {
        const object = await kube.get(resourceOf(entry));
        if (object === null || !isComplete(object)) return `${recordedName(entry)} is not complete`;
      }
      return null;
    },
    { timeoutSeconds: TIMEOUT_SECONDS, signal },
  );
  if (obstacle === null) return;
  const message = `The old control plane of cluster ${run.cluster} was restored, but ${obstacle} after ${TIMEOUT_SECONDS} s.`;
  throw failure('ControlPlaneNotReady', message);
}

async function requireInjection(kube: KubeClient, run: RunRef, { from }: Route, signal: AbortSignal): Promise<void> {
  const obstacle = await untilHolds(
    async () => {
      try {
        const tag = await probeInjection(kube, from.revision, signal);
        if (tag === from.sidecar.proxyTag) return null;
        return tag === null ? 'no sidecar' : `proxy ${tag}`;
      } catch (error) {
        // The webhook of a control plane that has just come back may not trust it yet.
        return `a refusal: ${(error as Error).message}`;
      }
    },
    { timeoutSeconds: 60, signal },
  );
  if (obstacle === null) return;
  const message = `The old control plane of cluster ${run.cluster} was restored, but a pod of a new namespace gets ${obstacle}.`;
  throw failure('ControlPlaneNotReady', message);
}
