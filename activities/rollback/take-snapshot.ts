import { driverOf, type Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { recordGateways } from '../gateways/gateways.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { observe } from './observe.js';
import { findSnapshot, keepSnapshot, snapshotDigest } from './snapshot-file.js';

/** Writes down everything as it is before the first change. A second call keeps the first snapshot. */
export function createTakeSnapshot(context: ActivityContext): Activities['takeSnapshot'] {
  return ({ run, route }) =>
    heartbeating(async () => {
      const kept =
        (await findSnapshot(context.dataDir, run)) ??
        (await keepSnapshot(context.dataDir, run, await asItIs(context.access(run.cluster).kube, run, route)));
      return { objects: kept.objects.length + Object.keys(kept.namespaces).length, sha256: snapshotDigest(kept) };
    });
}

/** Gateways that the guide's path replaces are among the objects already. */
async function asItIs(kube: KubeClient, run: RunRef, route: Route): Promise<Snapshot> {
  const observed = await observe(kube, run);
  if (driverOf(route) === 'asm-1.6') return observed;
  return { ...observed, gateways: await recordGateways(kube) };
}
