import { differences, type Difference } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { proveGateways, relabelledGateways } from '../gateways/gateways.js';
import { heartbeating } from '../heartbeat.js';
import { isLive, runsSidecarOf } from '../../domain/pod.js';
import { listPods } from '../workloads/list-pods.js';
import { observe } from './observe.js';
import { readSnapshot } from './snapshot-file.js';

/**
 * Invariant I5: after a rollback everything that the run may have changed equals the snapshot.
 * @throws SnapshotDiffers with the list
 */
export function createCompareWithSnapshot(context: ActivityContext): Activities['compareWithSnapshot'] {
  return ({ run, route }) =>
    heartbeating(async () => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      const now = await observe(kube, run);
      const found = differences(before, now);
      const pods = await listPods(kube);
      const left = pods.filter((pod) => isLive(pod) && runsSidecarOf(pod, route.to.sidecar, route.from.sidecar));
      const relabelled = await relabelledGateways(kube, before);
      if (found.length + left.length + relabelled.length > 0) {
        const told = [
          ...found.map(sentence),
          ...relabelled,
          ...left.map(
            ({ metadata }) =>
              `pod ${metadata.namespace ?? ''}/${metadata.name} runs proxy ${route.to.sidecar.proxyTag}`,
          ),
        ];
        const more = told.length > 10 ? ` and ${told.length - 10} more` : '';
        throw failure(
          'SnapshotDiffers',
          `Cluster ${run.cluster} differs from its snapshot: ${told.slice(0, 10).join('; ')}${more}.`,
        );
      }
      return [
        { name: 'objects equal the snapshot', ok: true, detail: `${before.objects.length} objects compared` },
        {
          name: 'labels equal the snapshot',
          ok: true,
          detail: `${Object.keys(before.namespaces).length} namespaces compared`,
        },
        { name: 'no pod on the new proxy', ok: true, detail: `${pods.length} pods looked at` },
        ...(await proveGateways(kube, run, before)),
      ];
    });
}

function sentence({ what, object, fields }: Difference): string {
  const where = fields.length > 0 ? ` in ${fields.slice(0, 3).join(', ')}` : '';
  return `${object} ${what === 'changed' ? 'differs' : `is ${what}`}${where}`;
}
