import { setTimeout as delay } from 'node:timers/promises';
import { judgeLeftovers, type Leftover, type LeftoverVerdict } from '../../domain/leftovers.js';
import { REVISION_LABEL } from '../../domain/names.js';
import type { Route } from '../../domain/plan.js';
import { isFinished, proxyTagOf, type Pod } from '../../domain/pod.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { asPod } from './owned-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';

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
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const deadline = Date.now() + timeoutSeconds * 1_000;
      for (let clean = 0; ;) {
        signal.throwIfAborted();
        const verdict = judgeLeftovers(await findLeftovers(kube, route), waiveUnmanaged);
        if (verdict.state === 'held' || (verdict.state === 'ending' && Date.now() > deadline)) throw held(run, verdict);
        clean = verdict.state === 'clean' ? clean + 1 : 0;
        if (verdict.state === 'clean' && clean === CLEAN_SCANS) return { waived: verdict.waived };
        await delay(clean > 0 ? pauseSeconds * 1_000 : LOOK_AGAIN_MS, undefined, { signal });
      }
    });
}

function held({ cluster }: RunRef, { reason, detail }: Exclude<LeftoverVerdict, { state: 'clean' }>) {
  return failure(reason, `In cluster ${cluster} the old sidecar still runs in ${detail}.`);
}

/** Every pod of the mesh that still runs the old sidecar, with what it belongs to. A question without an answer throws. */
async function findLeftovers(kube: KubeClient, route: Route): Promise<Leftover[]> {
  const { items } = await kube.list({ api: 'v1', plural: 'pods' });
  const ownerOf = createOwnerFinder(kube);
  return Promise.all(
    items
      .map(asPod)
      .filter((pod) => runsOld(pod, route))
      .map(async (pod) => leftover(pod, await ownerOf(pod))),
  );
}

function runsOld(pod: Pod, { from: { sidecar } }: Route): boolean {
  const tag = proxyTagOf(pod);
  if (isFinished(pod) || tag === null) return false;
  const isLabelled = sidecar.revision !== null && pod.metadata.labels?.[REVISION_LABEL] === sidecar.revision;
  return isLabelled || tag === sidecar.proxyTag;
}

function leftover({ metadata }: Pod, { called, name, row }: Owner): Leftover {
  return {
    pod: `${metadata.namespace ?? ''}/${metadata.name}`,
    owner: called === 'Pod' ? 'bare' : `${called} ${name}`,
    row,
    ending: metadata.deletionTimestamp !== undefined,
  };
}
