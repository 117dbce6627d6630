import { RESTART_ANNOTATION } from '../../domain/names.js';
import { needsRestart, restartMarkOf } from '../../domain/rollout.js';
import { restartMark, workloadName, type WorkloadRef } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeObject } from '../kube/types.js';
import { asWorkload, ownedPods } from './owned-pods.js';
import { podsIn, workloadResource } from './resources.js';
import { watchRollout } from './watch-rollout.js';

type MoveInput = Parameters<Activities['moveWorkload']>[0];

/**
 * Guide, steps 5.2 and 5.3, for one workload of any kind: restarts it once per run and direction, and watches until all
 * its pods run the expected sidecar and are Ready. Called again it finds its own mark and only watches (I3).
 * @throws WorkloadPaused, SidecarMissing, SidecarWrong, WorkloadNotReady
 */
export function createMoveWorkload(context: ActivityContext): Activities['moveWorkload'] {
  return (input) =>
    heartbeating(async (signal) => {
      const { run, workload } = input;
      const { kube } = context.access(run.cluster);
      const object = await kube.get(workloadResource(workload));
      if (object === null) return { workload, pods: 0, restarted: false };
      const pods = await kube.list(podsIn(workload.namespace));
      const mark = restartMark(run.runId, input.direction);
      if (!mustRestart(object, pods.items, input, mark)) {
        const moved = ownedPods(workload.kind, object, pods.items).length;
        await note(context, input, { moved, desired: moved });
        return { workload, pods: moved, restarted: false };
      }
      refusePaused(run, workload, object);
      await restart(context, input, object, mark);
      const done = await watchRollout(context, input, mark, signal);
      return { workload, pods: done.moved, restarted: true };
    });
}

/**
 * A workload that this run has restarted in the other direction goes back even if none of its pods has come up on the
 * other sidecar yet: one may be on its way.
 */
function mustRestart(object: KubeObject, pods: readonly KubeObject[], input: MoveInput, mark: string): boolean {
  const { workload, run } = input;
  const current = restartMarkOf(asWorkload(object));
  if (current === mark || current === restartMark(run.runId, input.direction === 'back' ? 'forward' : 'back'))
    return true;
  return needsRestart(ownedPods(workload.kind, object, pods), input.expected);
}

function refusePaused(run: RunRef, workload: WorkloadRef, object: KubeObject): void {
  if (asWorkload(object).spec.paused !== true) return;
  const message = `${workloadName(workload)} of cluster ${run.cluster} is paused: a restart would never begin.`;
  throw failure('WorkloadPaused', message);
}

async function restart(context: ActivityContext, input: MoveInput, object: KubeObject, mark: string): Promise<void> {
  const { run, workload, direction } = input;
  const patch = { spec: { template: { metadata: { annotations: { [RESTART_ANNOTATION]: mark } } } } };
  const resource = workload.kind.toLowerCase();
  const argv = [
    'kubectl',
    'patch',
    resource,
    workload.name,
    '-n',
    workload.namespace,
    '--type',
    'merge',
    '-p',
    JSON.stringify(patch),
  ];
  const id = `restart/${workloadName(workload)}/${direction}`;
  await recordOperation(context.journal, run, { id, argv, mutating: true }, async () => {
    if (restartMarkOf(asWorkload(object)) === mark) return { outcome: 'unchanged', value: undefined };
    await context.access(run.cluster).kube.mergePatch(workloadResource(workload), patch);
    return { outcome: 'succeeded', value: undefined };
  });
}

/** Notes a workload that had nothing to do, so that people see it as moved. */
async function note(
  context: ActivityContext,
  input: MoveInput,
  counts: { desired: number; moved: number },
): Promise<void> {
  const { run, workload, direction } = input;
  const progress = { workload, status: 'moved' as const, ...counts };
  const key = `workload/${workloadName(workload)}/${direction}/moved`;
  await context.journal.append(run.cluster, run.runId, [
    { key, at: new Date().toISOString(), body: { type: 'workload', progress } },
  ]);
}
