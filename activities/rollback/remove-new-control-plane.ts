import { OWNER_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { isInPlace, type Route } from '../../domain/plan.js';
import { keyOf, recordedLabels, type RecordedObject, type Snapshot } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { uninstallNew } from '../helm/control-plane.js';
import { recordedRelease } from '../helm/releases.js';
import { heartbeating } from '../heartbeat.js';
import { untilHolds } from '../mesh/deployment-state.js';
import { removeProbeNamespaces } from '../mesh/probe-namespace.js';
import { isElection, observe, resourceOf } from './observe.js';
import { requireOldControlPlane, requireUnused } from './require.js';
import { restoreObject } from './restore.js';
import { readSnapshot } from './snapshot-file.js';

/** What is deleted first: nothing must be sent to a control plane that is about to go. */
const ORDER = ['mutatingwebhookconfigurations', 'envoyfilters', 'deployments', 'horizontalpodautoscalers'];

/**
 * Guide, step 6, and what it forgets (pitfalls 4a.2): restores every shared object that the install replaced, then
 * removes the new control plane with its webhook, ConfigMaps and EnvoyFilters. Only what carries the new revision and
 * was not there before goes.
 * @throws SidecarWrong when a pod still uses the new control plane; ControlPlaneNotReady when the old one is not whole (I1)
 */
export function createRemoveNewControlPlane(context: ActivityContext): Activities['removeNewControlPlane'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      await requireOldControlPlane(kube, run, route);
      await requireUnused(kube, run, route);
      const now = await observe(kube, run);
      for (const recorded of toRestore(before, now)) await restoreObject(context, run, recorded);
      // In place there is no release beside the old one, and what is called so is that one itself.
      if (route.installer === 'helm' && !isInPlace(route)) {
        const { namespace } = recordedRelease(before, run.cluster, route);
        await uninstallNew(context, run, route, { namespace, signal });
      }
      for (const added of toRemove(before, await observe(kube, run), route)) await removeObject(context, run, added);
      await removeProbeNamespaces(kube, signal);
      await untilGone(context, before, { run, route, signal });
    });
}

function toRestore(before: Snapshot, now: Snapshot): RecordedObject[] {
  // Objects of the snapshot that are gone or differ; restoring an equal one does nothing.
  const known = new Map(now.objects.map((entry) => [keyOf(entry), JSON.stringify(entry.object)]));
  return before.objects.filter((entry) => known.get(keyOf(entry)) !== JSON.stringify(entry.object));
}

function toRemove(before: Snapshot, now: Snapshot, route: Route): RecordedObject[] {
  const recorded = new Set(before.objects.map(keyOf));
  const rank = ({ collection }: RecordedObject) => {
    const index = ORDER.indexOf(collection.split('/').at(-1) ?? '');
    return index < 0 ? ORDER.length : index;
  };
  return now.objects
    .filter((entry) => !recorded.has(keyOf(entry)) && belongsTo(entry, route.to.revision))
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * An object of the new revision: by its label, by the installer's mark on what all revisions share, the installer's memory
 * of it, or what its istiod wrote for itself. Never a CRD: with it everybody's objects of that kind would go (pitfalls 4b).
 */
function belongsTo(entry: RecordedObject, revision: string): boolean {
  const { collection, name } = entry;
  if (collection.endsWith('/customresourcedefinitions')) return false;
  const labels = recordedLabels(entry);
  const memory = `installed-state-${revision}`;
  if (labels[REVISION_LABEL] === revision || labels[OWNER_LABEL] === memory) return true;
  return (collection.endsWith('/istiooperators') && name === memory) || isElection(entry);
}

/** Removes one object that the run, or an installer on its behalf, has added. One that is gone is no failure. */
export async function removeObject(context: ActivityContext, run: RunRef, target: RecordedObject): Promise<void> {
  const { kube } = context.access(run.cluster);
  const resource = resourceOf(target);
  const place = target.namespace === null ? [] : ['-n', target.namespace];
  const argv = ['kubectl', 'delete', resource.plural, target.name, ...place, '--ignore-not-found'];
  await recordOperation(context.journal, run, { id: `remove/${keyOf(target)}`, argv, mutating: true }, async () => {
    const current = await kube.get(resource);
    const uid = current?.metadata.uid;
    const deleted = uid !== undefined && (await kube.delete(resource, { uid, propagation: 'Background' }));
    return { outcome: deleted ? 'succeeded' : 'unchanged', value: undefined };
  });
}

/** An istiod on its way out may write its election once more: what comes back is removed again. */
async function untilGone(
  context: ActivityContext,
  before: Snapshot,
  { run, route, signal }: { run: RunRef; route: Route; signal: AbortSignal },
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const left = await untilHolds(
    async () => {
      const rest = toRemove(before, await observe(kube, run), route);
      for (const added of rest) await removeObject(context, run, added);
      return rest.length === 0 ? null : rest.map(({ name }) => name).join(', ');
    },
    { timeoutSeconds: 120, signal },
  );
  if (left !== null) throw failure('SnapshotDiffers', `In cluster ${run.cluster} these objects do not go: ${left}.`);
}
