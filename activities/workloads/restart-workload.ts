import { RESTART_ANNOTATION } from '../../domain/names.js';
import { judgeRollout, restartMarkOf, type Rollout } from '../../domain/rollout.js';
import { workloadName } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { KubeObject } from '../kube/types.js';
import { followRollout } from './follow-rollout.js';
import { asWorkload } from './owned-pods.js';
import { patchCommand, workloadResource } from './resources.js';
import type { MoveInput } from './watch-workload.js';

/** Restarts a workload by an annotation on its template, whose value makes a second patch no restart (I3), and follows it. */
export async function restartWorkload(
  context: ActivityContext,
  input: MoveInput,
  { object, mark }: { readonly object: KubeObject; readonly mark: string },
  signal: AbortSignal,
): Promise<Rollout> {
  await annotateTemplate(context, input, object, mark);
  const { workload, expected } = input;
  return followRollout(context, input, signal, {
    perPod: false,
    look: ({ object: seen, owned, refusal }) => {
      // A watch may be a little behind the patch: what it shows from before says nothing about the restart.
      if (restartMarkOf(asWorkload(seen)) !== mark) {
        return { state: 'moving', desired: owned.length, moved: 0, detail: 'not visible yet', trouble: null };
      }
      return judgeRollout({ kind: workload.kind, workload: asWorkload(seen), refusal }, owned, expected, mark);
    },
  });
}

async function annotateTemplate(context: ActivityContext, input: MoveInput, object: KubeObject, mark: string) {
  const { run, workload, direction } = input;
  const patch = { spec: { template: { metadata: { annotations: { [RESTART_ANNOTATION]: mark } } } } };
  const id = `restart/${workloadName(workload)}/${direction}`;
  const intent = { id, argv: patchCommand(workload, patch), mutating: true };
  await recordOperation(context.journal, run, intent, async () => {
    if (restartMarkOf(asWorkload(object)) === mark) return { outcome: 'unchanged', value: undefined };
    await context.access(run.cluster).kube.mergePatch(workloadResource(workload), patch);
    return { outcome: 'succeeded', value: undefined };
  });
}
