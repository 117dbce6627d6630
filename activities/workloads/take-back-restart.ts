import { RESTART_ANNOTATION } from '../../domain/names.js';
import { isLive, type Pod } from '../../domain/pod.js';
import { isBehind, judgeRollout, restartMarkOf, type Rollout } from '../../domain/rollout.js';
import { earlierMark } from '../../domain/taking-back.js';
import { restartMark, workloadName } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { KubeObject } from '../kube/types.js';
import { followRollout } from './follow-rollout.js';
import { asWorkload } from './owned-pods.js';
import { patchCommand, workloadResource } from './resources.js';
import type { MoveInput, Sight } from './watch-workload.js';

/**
 * On the way back, takes the restart of a Deployment back where it brought up no pod at all: what held it (a quota, a webhook)
 * must not hold the rollback as well. Its pods are not touched, so this is no restart (I3).
 * @returns whether it did; when it did not, the Deployment must be restarted
 */
export async function takeBackRestart(
  context: ActivityContext,
  input: MoveInput,
  { object, owned }: { readonly object: KubeObject; readonly owned: readonly Pod[] },
  signal: AbortSignal,
): Promise<boolean> {
  const { run, workload, direction, expected } = input;
  if (workload.kind !== 'Deployment' || direction !== 'back') return false;
  const forward = restartMark(run.runId, 'forward');
  const earlier = earlierMark(asWorkload(object), owned, forward, expected);
  if (earlier === null) return false;
  const patch = { spec: { template: { metadata: { annotations: { [RESTART_ANNOTATION]: earlier.value } } } } };
  const intent = { id: `take-back/${workloadName(workload)}`, argv: patchCommand(workload, patch), mutating: true };
  await recordOperation(context.journal, run, intent, async () => {
    await context.access(run.cluster).kube.mergePatch(workloadResource(workload), patch);
    return { outcome: 'succeeded', value: undefined };
  });
  await followRollout(context, input, signal, { perPod: false, look: (sight) => judge(input, forward, sight) });
  return true;
}

function judge({ run, workload, expected }: MoveInput, forward: string, { object, owned, refusal }: Sight): Rollout {
  const counts = { desired: owned.length, moved: 0 };
  if (restartMarkOf(asWorkload(object)) === forward)
    return { state: 'moving', detail: 'not visible yet', trouble: null, ...counts };
  // One that its old template made in the meantime, with the other sidecar, stays: whoever called restarts it.
  const stays = (pod: Pod) => isBehind(pod, expected) && pod.metadata.annotations?.[RESTART_ANNOTATION] !== forward;
  if (owned.filter(isLive).some(stays)) return { state: 'done', ...counts };
  const subject = { kind: workload.kind, workload: asWorkload(object), refusal };
  return judgeRollout(subject, owned, expected, restartMark(run.runId, 'back'));
}
