import { unfinished } from '../../domain/mid-rollout.js';
import { RESTART_ANNOTATION } from '../../domain/names.js';
import type { Pod } from '../../domain/pod.js';
import { replacedSince } from '../../domain/replacement.js';
import { isBehind, needsRestart, restartMarkOf, type Rollout } from '../../domain/rollout.js';
import { actionFor } from '../../domain/workload-actions.js';
import { restartMark, workloadName } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { MoveResult } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeObject } from '../kube/types.js';
import { evictPods } from './evict-pods.js';
import { nudgeOwner } from './nudge-owner.js';
import { asWorkload, ownedPods } from './owned-pods.js';
import { createReporter } from './report-progress.js';
import { podsIn, workloadResource } from './resources.js';
import { restartArgoRollout } from './restart-argo-rollout.js';
import { restartWorkload } from './restart-workload.js';
import { takeBackRestart } from './take-back-restart.js';
import { waitForOwner } from './wait-for-owner.js';
import type { MoveInput } from './watch-workload.js';

/** A workload as it was found, and what this run writes on it. */
interface Found {
  readonly object: KubeObject;
  readonly owned: readonly Pod[];
  readonly mark: string;
}

/**
 * Guide, steps 5.2 and 5.3, for one workload of any kind: moves its pods once per run and direction, in the way that
 * `domain/workload-actions.ts` says, until all of them run the expected sidecar and are Ready. Called again it finds its
 * own mark and only watches (I3).
 * @param seen the workload as a watch has just shown it; it is read when left out
 * @throws WorkloadPaused, RolloutUnfinished, and the words of `RolloutFailure`
 */
export async function moveWorkload(
  context: ActivityContext,
  input: MoveInput,
  signal: AbortSignal,
  seen?: Pick<Found, 'object' | 'owned'>,
): Promise<MoveResult> {
  const { workload } = input;
  const found = seen === undefined ? await find(context, input) : { ...seen, mark: markOf(input) };
  if (found === null) return { workload, pods: 0, restarted: false };
  if (!mustMove(found, input)) {
    const moved = found.owned.length;
    await createReporter(context, input)({ status: 'moved', desired: moved, moved });
    return { workload, pods: moved, restarted: false };
  }
  const calm = await atRest(context, input, found, signal);
  const isTakenBack = calm !== null && (await takeBackRestart(context, input, calm, signal));
  const rested = isTakenBack ? await find(context, input) : calm;
  if (rested === null) return { workload, pods: 0, restarted: false };
  if (isTakenBack && !mustMove(rested, input)) return { workload, pods: rested.owned.length, restarted: false };
  if (isBegun(rested, input) && input.isOrdered) await nudgeOwner(context, input, rested);
  const { moved } = await move(context, input, rested, signal);
  return { workload, pods: moved, restarted: true };
}

/** How far a workload is, before anything is done with it: nothing to do, on its way by this run, or waiting. */
export type Standing = 'there' | 'begun' | 'waiting';

/** How far a workload is. A restart that has been seen to its end is `begun` too: to follow it again costs nothing. */
export function standingOf(seen: Pick<Found, 'object' | 'owned'>, input: MoveInput): Standing {
  const found = { ...seen, mark: markOf(input) };
  if (isOurs(found, found.mark)) return 'begun';
  return mustMove(found, input) ? 'waiting' : 'there';
}

/** The workload once nobody else rolls it out. What this run itself has begun, in either direction, it need not wait for. */
async function atRest(
  context: ActivityContext,
  input: MoveInput,
  found: Found,
  signal: AbortSignal,
): Promise<Found | null> {
  refuseReported(input, found);
  const { object, owned } = found;
  if (isBegun(found, input) || unfinished(input.workload.kind, asWorkload(object), owned) === null) return found;
  await waitForOwner(context, input, signal);
  return find(context, input);
}

async function find(context: ActivityContext, { run, workload, direction }: MoveInput): Promise<Found | null> {
  const { kube } = context.access(run.cluster);
  const object = await kube.get(workloadResource(workload));
  if (object === null) return null;
  const { items } = await kube.list(podsIn(workload.namespace));
  return { object, owned: ownedPods(workload.kind, object, items), mark: restartMark(run.runId, direction) };
}

function markOf({ run, direction }: MoveInput): string {
  return restartMark(run.runId, direction);
}

/**
 * A workload that this run has restarted in the other direction goes back even if none of its pods has come up on the
 * other sidecar yet: one may be on its way.
 */
function mustMove(found: Found, input: MoveInput): boolean {
  return isBegun(found, input) || needsRestart(found.owned, input.expected);
}

function isBegun(found: Found, { run, direction }: MoveInput): boolean {
  return isOurs(found, found.mark) || isOurs(found, restartMark(run.runId, opposite(direction)));
}

const opposite = (direction: MoveInput['direction']) => (direction === 'back' ? 'forward' : 'back');

/** Whether this run has begun to move the workload: on the template, beside it, or pod by pod. */
function isOurs({ object }: Found, mark: string): boolean {
  const workload = asWorkload(object);
  const isMarked = [restartMarkOf(workload), workload.metadata.annotations?.[RESTART_ANNOTATION]].includes(mark);
  return isMarked || replacedSince(workload, mark) !== null;
}

/** Does what the table says. */
function move(context: ActivityContext, input: MoveInput, found: Found, signal: AbortSignal): Promise<Rollout> {
  const { action } = actionFor(input.workload.kind, found.object);
  switch (action) {
    case 'restart':
      return mustEvict(input, found)
        ? evictPods(context, input, found, signal)
        : restartWorkload(context, input, found, signal);
    case 'restartAt':
      return restartArgoRollout(context, input, found, signal);
    case 'evict':
      return evictPods(context, input, found, signal);
    case 'report':
    case 'wait':
      refuseReported(input, found);
      // What is left to finish is never listed as something to move.
      throw new Error(`${workloadName(input.workload)} is not moved by anybody`);
    default:
      return action satisfies never;
  }
}

/**
 * Whether the pods of a workload that could be restarted are evicted all the same: because the policy says so and no restart
 * has begun; because their eviction has begun; or because a person has said `retry` after the pods of the restart had come
 * back wrong. A second restart is out of the question then (I3), so exactly those pods are evicted.
 */
function mustEvict({ by, expected, isOrdered }: MoveInput, { object, owned, mark }: Found): boolean {
  const isRestarted = restartMarkOf(asWorkload(object)) === mark;
  if (!isRestarted) return by === 'evict' || replacedSince(asWorkload(object), mark) !== null;
  const fresh = owned.filter((pod) => pod.metadata.annotations?.[RESTART_ANNOTATION] === mark);
  return isOrdered && fresh.some((pod) => isBehind(pod, expected));
}

function refuseReported({ run, workload }: MoveInput, { object }: Found): void {
  const { action, reason } = actionFor(workload.kind, object);
  if (action !== 'report') return;
  throw failure('WorkloadPaused', `${workloadName(workload)} of cluster ${run.cluster} is paused. ${reason}`);
}
