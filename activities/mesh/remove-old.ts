import { installationOf, isTakenOver, revisionOf } from '../../domain/old-revision.js';
import { recordedName, type Json, type RecordedObject } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import type { KubeObject } from '../kube/types.js';
import { keepBackup } from '../rollback/backup-file.js';
import { resourceOf } from '../rollback/observe.js';

/**
 * Removes one object of the old revision: the very one that the snapshot recorded, and only if it still says that it
 * belongs to that revision (pitfalls 4a.11). It is on disk before it goes. Another one of that name is left alone.
 */
export async function removeOld(context: ActivityContext, run: RunRef, recorded: RecordedObject): Promise<void> {
  const { kube } = context.access(run.cluster);
  const resource = resourceOf(recorded);
  const place = recorded.namespace === null ? [] : ['-n', recorded.namespace];
  const argv = ['kubectl', 'delete', resource.plural, recorded.name, ...place, '--ignore-not-found'];
  const operation = { id: `remove/${resource.plural}/${recorded.name}`, argv, mutating: true };
  await recordOperation(context.journal, run, operation, async () => {
    const current = await kube.get(resource);
    const uid = current?.metadata.uid;
    if (current === null || uid === undefined) return { outcome: 'unchanged', value: undefined };
    const other = whyNotMeant(recorded, current);
    if (other !== null) {
      const tail = `${recordedName(recorded)} was left alone: ${other}`;
      return { outcome: 'unchanged', tail, value: undefined };
    }
    keepBackup(context.dataDir, run, recorded, current);
    const deleted = await kube.delete(resource, { uid, propagation: 'Background' });
    return { outcome: deleted ? 'succeeded' : 'unchanged', value: undefined };
  });
}

/** Why an object is not the one that was recorded; null when it is. */
function whyNotMeant(recorded: RecordedObject, current: KubeObject): string | null {
  if (recorded.uid !== undefined && recorded.uid !== current.metadata.uid)
    return 'it was made anew after the run began, by somebody else';
  const object = current as unknown as Record<string, Json>;
  const [before, now] = [revisionOf(recorded), revisionOf({ object })];
  if (before !== now) return `it belongs to revision ${now ?? '(none)'} by now`;
  return isTakenOver(recorded, { object })
    ? `installation ${installationOf({ object }) ?? ''} has taken it over`
    : null;
}
