import { RESTART_ANNOTATION } from '../../domain/names.js';
import type { Pod } from '../../domain/pod.js';
import { judgeReplacement, newestCreation } from '../../domain/replacement.js';
import type { Rollout } from '../../domain/rollout.js';
import { workloadName } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { KubeObject } from '../kube/types.js';
import { followRollout } from './follow-rollout.js';
import { asWorkload } from './owned-pods.js';
import { patchCommand, workloadResource } from './resources.js';
import type { MoveInput } from './watch-workload.js';

/**
 * Tells Argo Rollouts to replace the pods of a Rollout: it does so for those that were created before `spec.restartAt`, and
 * then writes the same time to `status.restartedAt`. The time is written once per run and direction: an annotation beside
 * it says whose it is (I3).
 */
export async function restartArgoRollout(
  context: ActivityContext,
  input: MoveInput,
  { object, mark, owned }: { readonly object: KubeObject; readonly mark: string; readonly owned: readonly Pod[] },
  signal: AbortSignal,
): Promise<Rollout> {
  const restartAt = await setRestartAt(context, input, { object, mark, owned });
  const { workload, expected } = input;
  const since = secondsAfter(restartAt, -1);
  return followRollout(context, input, signal, {
    perPod: false,
    look: ({ object: seen, owned: pods, refusal }) => {
      const rollout = asWorkload(seen);
      const verdict = judgeReplacement({ kind: workload.kind, workload: rollout, refusal }, pods, expected, since);
      const isRestarted = Date.parse(rollout.status?.restartedAt ?? '') >= Date.parse(restartAt);
      if (verdict.state !== 'done' || isRestarted) return verdict;
      const detail = 'Argo Rollouts has not finished its restart';
      return { ...verdict, state: 'moving', detail, trouble: null };
    },
  });
}

/** @returns the time that stands there now */
async function setRestartAt(
  context: ActivityContext,
  input: MoveInput,
  { object, mark, owned }: { readonly object: KubeObject; readonly mark: string; readonly owned: readonly Pod[] },
): Promise<string> {
  const { run, workload, direction } = input;
  const { spec, metadata } = asWorkload(object);
  const isOurs = metadata.annotations?.[RESTART_ANNOTATION] === mark;
  // By the API server's clock: after the newest pod there is, so that every one of them is older.
  const restartAt = (isOurs ? spec.restartAt : undefined) ?? secondsAfter(newestCreation(owned), 1);
  const patch = { metadata: { annotations: { [RESTART_ANNOTATION]: mark } }, spec: { restartAt } };
  const intent = { id: `restart/${workloadName(workload)}/${direction}`, argv: patchCommand(workload, patch) };
  await recordOperation(context.journal, run, { ...intent, mutating: true }, async () => {
    if (isOurs && spec.restartAt === restartAt) return { outcome: 'unchanged', value: undefined };
    await context.access(run.cluster).kube.mergePatch(workloadResource(workload), patch);
    return { outcome: 'succeeded', value: undefined };
  });
  return restartAt;
}

/** A time so many seconds later, without fractions, as the API server writes times. */
function secondsAfter(time: string, seconds: number): string {
  return new Date(Date.parse(time) + seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
