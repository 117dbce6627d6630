import { setTimeout as delay } from 'node:timers/promises';
import { judgeHoldouts, judgeLeftovers, type HoldoutVerdict, type LeftoverVerdict } from '../../domain/leftovers.js';
import { named } from '../../domain/named.js';
import type { Route } from '../../domain/plan.js';
import { recordOperation, type ReportProgress } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { leftoversOf } from './served-pods.js';

/** While something ends by itself, look again that often. */
const LOOK_AGAIN_MS = 1_000;
/** Two in a row: what comes between them is seen (pitfalls 4c, "new workloads appear meanwhile"). */
const CLEAN_SCANS = 2;

/**
 * Invariant I2, as far as pods go: two scans of the whole mesh in a row find none that still runs the old sidecar, but for
 * those that a person has waived. Jobs are given time to finish.
 * @throws OldRevisionInUse, PodsUnmanaged or JobsUnfinished with the pods and their owners
 */
export function createConfirmMoved(context: ActivityContext): Activities['confirmMoved'] {
  return ({ run, route, timeoutSeconds, pauseSeconds, waiveUnmanaged }) =>
    scanning(context, run, 'confirm-moved', async ({ kube, signal, report }) => {
      const deadline = Date.now() + timeoutSeconds * 1_000;
      for (let clean = 0; ;) {
        signal.throwIfAborted();
        const verdict = judgeLeftovers(await leftoversOf(kube, route, 'from'), waiveUnmanaged);
        if (verdict.state === 'held' || (verdict.state === 'ending' && Date.now() > deadline)) throw held(run, verdict);
        if (verdict.state === 'ending') report(`waits for ${verdict.detail}`);
        clean = verdict.state === 'clean' ? clean + 1 : 0;
        if (verdict.state === 'clean' && clean === CLEAN_SCANS) return { waived: verdict.waived };
        await delay(clean > 0 ? pauseSeconds * 1_000 : LOOK_AGAIN_MS, undefined, { signal });
      }
    });
}

interface Scan {
  readonly kube: KubeClient;
  readonly signal: AbortSignal;
  readonly report: ReportProgress;
}

/** Looks for as long as it takes, and tells meanwhile what it waits for. */
function scanning<T>(context: ActivityContext, run: RunRef, id: string, work: (scan: Scan) => Promise<T>): Promise<T> {
  const { kube } = context.access(run.cluster);
  const argv = ['kubectl', 'get', 'pods', '--all-namespaces'];
  return heartbeating((signal) =>
    recordOperation(context.journal, run, { id, argv, mutating: false }, async (report) => ({
      outcome: 'succeeded',
      value: await work({ kube, signal, report }),
    })),
  );
}

function held({ cluster }: RunRef, { reason, detail }: Exclude<LeftoverVerdict, { state: 'clean' }>) {
  return failure(reason, `In cluster ${cluster} the old sidecar still runs in ${detail}.`);
}

/**
 * Invariant I2 on the way back: the new control plane goes only when nothing runs its sidecar any more. What can be moved is
 * back by now; Jobs that began with the new sidecar are given time to finish, as on the way forward.
 * @throws JobsUnfinished, PodsUnmanaged or SidecarWrong with the pods, and the commands that make an end of it
 */
export function createConfirmMovedBack(context: ActivityContext): Activities['confirmMovedBack'] {
  return ({ run, route, timeoutSeconds }) =>
    scanning(context, run, 'confirm-moved-back', async ({ kube, signal, report }) => {
      const deadline = Date.now() + timeoutSeconds * 1_000;
      for (;;) {
        signal.throwIfAborted();
        const verdict = judgeHoldouts(await leftoversOf(kube, route, 'to'));
        if (verdict.state === 'clean') return;
        if (verdict.state === 'held' || Date.now() > deadline) throw heldBack(run, route, verdict);
        report(`waits for ${verdict.detail}`);
        await delay(LOOK_AGAIN_MS, undefined, { signal });
      }
    });
}

function heldBack({ cluster }: RunRef, { to }: Route, verdict: Exclude<HoldoutVerdict, { state: 'clean' }>) {
  const { reason, detail, ends, commands } = verdict;
  const quoted = ends.map((command) => `\`${command}\``);
  const end = `What makes an end of ${ends.length === 1 ? 'it' : 'them'}: ${named(quoted)}.`;
  const message = `In cluster ${cluster} the sidecar of ${to.revision} still runs in ${detail}. It gets certificates and configuration from that control plane, which must not go before. ${end}`;
  return failure(reason, message, { commands });
}
