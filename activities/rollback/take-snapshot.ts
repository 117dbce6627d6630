import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { observe } from './observe.js';
import { findSnapshot, keepSnapshot, snapshotDigest } from './snapshot-file.js';

/** Writes down everything as it is before the first change. A second call keeps the first snapshot. */
export function createTakeSnapshot(context: ActivityContext): Activities['takeSnapshot'] {
  return ({ run }) =>
    heartbeating(async () => {
      const kept =
        (await findSnapshot(context.dataDir, run)) ??
        (await keepSnapshot(context.dataDir, run, await observe(context.access(run.cluster).kube, run)));
      return { objects: kept.objects.length + Object.keys(kept.namespaces).length, sha256: snapshotDigest(kept) };
    });
}
