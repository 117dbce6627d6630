import { isLive } from '../../domain/pod.js';
import { desiredPods, hasSeen, isBehind, isThere, judgeFresh, whatIsLeft, type Rollout } from '../../domain/rollout.js';
import type { ActivityContext } from '../context.js';
import { isComplete } from '../mesh/deployment-state.js';
import { followRollout } from '../workloads/follow-rollout.js';
import { asWorkload } from '../workloads/owned-pods.js';
import type { MoveInput, Sight } from '../workloads/watch-workload.js';

/**
 * Watches the Deployment of a gateway that somebody else rolls out, or that has just been made, until each of its pods runs the
 * expected proxy and is Ready.
 * @param expectation why it is rolled out, where that is not its move; and how many pods there must be at least, where what a watch
 * knows may be older than the write that asked for them
 * @throws the reason word of what is in its way, with a sentence that names the pods
 */
export function followProxies(
  context: ActivityContext,
  input: MoveInput,
  signal: AbortSignal,
  { occasion = '', atLeast = 0 }: { readonly occasion?: string; readonly atLeast?: number } = {},
): Promise<Rollout> {
  const look = (sight: Sight) => judge(sight, input, atLeast);
  return followRollout(context, input, signal, { perPod: false, occasion, look });
}

function judge(
  { object, owned, refusal }: Sight,
  { workload: { kind }, expected }: MoveInput,
  atLeast: number,
): Rollout {
  const workload = asWorkload(object);
  const subject = { kind, workload, refusal };
  const live = owned.filter(isLive);
  const there = live.filter((pod) => isThere(pod, expected));
  // Nothing marks what a controller has made anew; what runs the other proxy is from before.
  const fresh = live.filter((pod) => !isBehind(pod, expected));
  const counts = { desired: Math.max(desiredPods(kind, workload), atLeast), moved: there.length };
  const failed = judgeFresh(subject, fresh, expected, counts);
  if (failed !== null) return failed;
  const isWhole = hasSeen(workload) && isComplete(object) && live.length === there.length;
  if (isWhole && there.length >= counts.desired) return { state: 'done', ...counts };
  return { state: 'moving', ...counts, ...whatIsLeft(subject, live, fresh, expected) };
}
