import { unfinished } from '../../domain/mid-rollout.js';
import { desiredPods } from '../../domain/rollout.js';
import { workloadName } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import { failure } from '../failure.js';
import { asWorkload } from './owned-pods.js';
import { createReporter } from './report-progress.js';
import { watchWorkload, type MoveInput } from './watch-workload.js';

/**
 * Waits until a workload has finished what somebody else began with it: a second rollout is never stacked upon a first
 * one (pitfalls 4c). Looks once, and is done at once, where there is nothing to wait for.
 * @throws RolloutUnfinished when it does not end in time, or cannot end by itself
 */
export function waitForOwner(context: ActivityContext, input: MoveInput, signal: AbortSignal): Promise<true> {
  const { run, workload, timeoutSeconds } = input;
  const report = createReporter(context, input);
  const deadline = Date.now() + timeoutSeconds * 1_000;
  return watchWorkload(context, input, signal, async (sight) => {
    if (sight === null) return true;
    const object = asWorkload(sight.object);
    const busy = unfinished(workload.kind, object, sight.owned);
    if (busy === null) return true;
    const isLate = Date.now() > deadline;
    if (isLate && sight.blind !== null) throw failure('ClusterUnreachable', sight.blind);
    if (busy.stuck || isLate) {
      const waited = isLate ? ` after ${timeoutSeconds} s` : '';
      const message = `${workloadName(workload)} of cluster ${run.cluster} is not restarted: ${busy.detail}${waited}.`;
      throw failure('RolloutUnfinished', message);
    }
    const desired = desiredPods(workload.kind, object);
    await report({ status: 'waiting', desired, moved: 0, detail: `waits for its owner: ${busy.detail}` }, 'owner');
    return null;
  });
}
