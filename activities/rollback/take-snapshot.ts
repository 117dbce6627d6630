import { driverOf, type Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { recordGateways } from '../gateways/gateways.js';
import { helmOf } from '../helm/helm.js';
import { releasesIn } from '../helm/releases.js';
import { heartbeating } from '../heartbeat.js';
import { observe } from './observe.js';
import { findSnapshot, keepSnapshot, snapshotDigest } from './snapshot-file.js';

/** Writes down everything as it is before the first change. A second call keeps the first snapshot. */
export function createTakeSnapshot(context: ActivityContext): Activities['takeSnapshot'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const kept =
        (await findSnapshot(context.dataDir, run)) ??
        (await keepSnapshot(context.dataDir, run, await asItIs(context, run, route, signal)));
      return { objects: kept.objects.length + Object.keys(kept.namespaces).length, sha256: snapshotDigest(kept) };
    });
}

/** Gateways that the guide's path replaces are among the objects already. */
async function asItIs(context: ActivityContext, run: RunRef, route: Route, signal: AbortSignal): Promise<Snapshot> {
  const { kube } = context.access(run.cluster);
  const observed = await observe(kube, run);
  if (driverOf(route) === 'asm-1.6') return observed;
  const gateways = await recordGateways(kube);
  if (route.installer !== 'helm') return { ...observed, gateways };
  return { ...observed, gateways, helm: await releasesIn(observed, helmOf(context, run.cluster, signal)) };
}
