import { REPLACEMENT_LABEL } from '../../domain/names.js';
import { isLive, type Pod } from '../../domain/pod.js';
import {
  judgeReplacement,
  newestCreation,
  nextToEvict,
  replacedSince,
  replacementMark,
} from '../../domain/replacement.js';
import { isBehind, type Rollout } from '../../domain/rollout.js';
import { workloadName } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { KubeObject } from '../kube/types.js';
import { createEvictor } from './evictor.js';
import { followRollout } from './follow-rollout.js';
import { asWorkload } from './owned-pods.js';
import { patchCommand, workloadResource } from './resources.js';
import type { MoveInput } from './watch-workload.js';

/**
 * Replaces the pods of a workload that no restart would replace: evicts one, waits until it has come back Ready with the
 * expected sidecar, then the next. One that comes back without it ends the move and is not evicted again.
 */
export async function evictPods(
  context: ActivityContext,
  input: MoveInput,
  { object, mark, owned }: { readonly object: KubeObject; readonly mark: string; readonly owned: readonly Pod[] },
  signal: AbortSignal,
): Promise<Rollout> {
  const { workload: ref, expected } = input;
  const since = await beginReplacing(context, input, { object, mark, owned });
  const evictor = createEvictor(context, input);
  return followRollout(context, input, signal, {
    perPod: true,
    look: async ({ object: seen, owned: pods, refusal }) => {
      const subject = { kind: ref.kind, workload: asWorkload(seen), refusal };
      const left = pods.filter((pod) => isLive(pod) && !evictor.hasEvicted(pod));
      const rollout = judgeReplacement(subject, left, expected, since);
      const next = rollout.state === 'moving' ? nextToEvict(subject, left, expected) : null;
      if (rollout.state !== 'moving' || next === null) return rollout;
      const trouble = await evictor.evict(next);
      return { ...rollout, trouble, detail: trouble?.detail ?? `pod ${next.metadata.name} is evicted` };
    },
  });
}

/**
 * Writes down which pods are to be replaced: those that are there now. A try that follows a crash keeps what it finds, so
 * that a pod that came back wrong is known; a person's `retry` begins anew, and so mends what came back wrong.
 */
async function beginReplacing(
  context: ActivityContext,
  { run, workload, direction, expected, isOrdered }: MoveInput,
  { object, mark, owned }: { readonly object: KubeObject; readonly mark: string; readonly owned: readonly Pod[] },
): Promise<string> {
  const recorded = replacedSince(asWorkload(object), mark);
  const isOver = !owned.some((pod) => isBehind(pod, expected));
  if (recorded !== null && (isOver || !isOrdered)) return recorded;
  const since = newestCreation(owned);
  const patch = { metadata: { labels: { [REPLACEMENT_LABEL]: replacementMark(mark, since) } } };
  const id = `replace-pods/${workloadName(workload)}/${direction}`;
  const intent = { id, argv: patchCommand(workload, patch), mutating: true };
  await recordOperation(context.journal, run, intent, async () => {
    if (recorded === since) return { outcome: 'unchanged', value: undefined };
    await context.access(run.cluster).kube.mergePatch(workloadResource(workload), patch);
    return { outcome: 'succeeded', value: undefined };
  });
  return since;
}
