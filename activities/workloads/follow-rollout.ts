import type { Rollout } from '../../domain/rollout.js';
import type { Trouble } from '../../domain/trouble.js';
import type { FailureReason } from '../../domain/failures.js';
import { workloadName } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import { failure } from '../failure.js';
import { createReporter, progressOf } from './report-progress.js';
import { watchWorkload, type MoveInput, type Sight } from './watch-workload.js';

/** A trouble that may pass (a registry, a webhook) counts after a minute, or a quarter of the workload's time. */
const PATIENCE_MS = 60_000;
const PATIENCE_SHARE = 4;

type Moving = Extract<Rollout, { state: 'moving' }>;

/** How a move is followed. */
interface Following {
  /** Looks at the workload, and may act on it. */
  readonly look: (sight: Sight) => Promise<Rollout> | Rollout;
  /** Whether the time of the workload begins anew with each pod that is there. */
  readonly perPod: boolean;
  /** Why it is rolled out, where that is not its move. */
  readonly occasion?: string;
}

/**
 * Follows a move until every pod is there, and tells people of each step.
 * @throws the reason word of what is in its way, with a sentence that names the pods
 */
export function followRollout(
  context: ActivityContext,
  input: MoveInput,
  signal: AbortSignal,
  { look, perPod, occasion }: Following,
): Promise<Rollout> {
  const timeoutMs = input.timeoutSeconds * 1_000;
  const report = createReporter(context, input, occasion);
  const lasts = createPatience(Math.min(PATIENCE_MS, timeoutMs / PATIENCE_SHARE));
  let deadline = Date.now() + timeoutMs;
  let most = -1;
  return watchWorkload(context, input, signal, async (sight) => {
    if (sight === null) return { state: 'done', desired: 0, moved: 0 };
    const rollout = await look(sight);
    await report(progressOf(rollout), troubleIn(rollout));
    if (rollout.state === 'done') return rollout;
    if (rollout.state === 'failed') throw notMoved(input, rollout.reason, rollout.detail);
    if (perPod && rollout.moved > most) [most, deadline] = [rollout.moved, Date.now() + timeoutMs];
    const over = lasts(rollout.trouble) ? rollout.trouble : null;
    if (over !== null || Date.now() > deadline) throw stop(input, sight, { over, rollout, perPod });
    return null;
  });
}

function troubleIn(rollout: Rollout): string | undefined {
  return rollout.state === 'moving' ? rollout.trouble?.reason : '';
}

/** Says whether a trouble that may pass has been there for too long. */
function createPatience(patienceMs: number) {
  let since = Number.POSITIVE_INFINITY;
  return (trouble: Trouble | null): trouble is Trouble => {
    since = trouble?.urgency === 'soon' ? Math.min(since, Date.now()) : Number.POSITIVE_INFINITY;
    return Date.now() - since >= patienceMs;
  };
}

/** Why the move is given up: a trouble that lasts, or its time. An outage is no fault of the workload. */
function stop(
  input: MoveInput,
  { blind }: Sight,
  { over, rollout, perPod }: { over: Trouble | null; rollout: Moving; perPod: boolean },
) {
  if (over !== null) return notMoved(input, over.reason, over.detail);
  return blind === null ? tooLate(input, rollout, perPod) : failure('ClusterUnreachable', blind);
}

function tooLate(input: MoveInput, rollout: Moving, perPod: boolean) {
  const reason = rollout.trouble?.reason ?? 'WorkloadNotReady';
  const what = perPod ? 'no pod was replaced within' : 'it took longer than';
  return notMoved(input, reason, `${what} ${input.timeoutSeconds} s; ${rollout.detail}`);
}

/** The failure of a move, as a sentence that names cluster, namespace and workload. */
export function notMoved({ run, workload }: MoveInput, reason: FailureReason, detail: string) {
  return failure(reason, `${workloadName(workload)} of cluster ${run.cluster} did not get its new sidecar: ${detail}.`);
}
