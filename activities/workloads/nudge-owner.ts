import { NUDGE_ANNOTATION } from '../../domain/names.js';
import { isLive, type Pod } from '../../domain/pod.js';
import { desiredPods, refusalOf } from '../../domain/rollout.js';
import { workloadName, type WorkloadRef } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { asWorkload } from './owned-pods.js';
import { patchCommand, workloadCollection, workloadResource } from './resources.js';
import type { MoveInput } from './watch-workload.js';

/**
 * Wakes a controller that could create no pods and tries again ever more slowly, up to a quarter of an hour: without it a
 * person who has mended the cause and says `retry` would be told of the same cause again. Changes no template.
 */
export async function nudgeOwner(
  context: ActivityContext,
  { run, workload }: MoveInput,
  { object, owned }: { readonly object: KubeObject; readonly owned: readonly Pod[] },
): Promise<void> {
  const isRefused = refusalOf({ workload: asWorkload(object), refusal: null }) !== null;
  const isMissing = owned.filter(isLive).length < desiredPods(workload.kind, asWorkload(object));
  if (!isRefused && !isMissing) return;
  const { kube } = context.access(run.cluster);
  const patch = { metadata: { annotations: { [NUDGE_ANNOTATION]: new Date().toISOString() } } };
  for (const creator of await creatorsOf(kube, workload, object)) {
    const intent = { id: `nudge/${workloadName(creator)}`, argv: patchCommand(creator, patch), mutating: true };
    await recordOperation(context.journal, run, intent, async () => {
      await kube.mergePatch(workloadResource(creator), patch);
      return { outcome: 'succeeded', value: undefined };
    });
  }
}

/** Whose controller creates the pods: the workload itself, or those of its ReplicaSets that lack some. */
async function creatorsOf(kube: KubeClient, workload: WorkloadRef, object: KubeObject): Promise<WorkloadRef[]> {
  if (workload.kind !== 'Deployment' && workload.kind !== 'Rollout') return [workload];
  const { namespace } = workload;
  const { items } = await kube.list(workloadCollection('ReplicaSet', namespace));
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true)
    .filter((set) => (asWorkload(set).status?.replicas ?? 0) < desiredPods('ReplicaSet', asWorkload(set)))
    .map(({ metadata }) => ({ kind: 'ReplicaSet', namespace, name: metadata.name }));
}
