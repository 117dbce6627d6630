import { desiredPods } from '../../domain/rollout.js';
import { WORKLOAD_KINDS, type WorkloadRef } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { asWorkload } from './owned-pods.js';
import { workloadCollection } from './resources.js';

/** The workloads of a namespace that a restart can move, largest first: the longest one must not begin last. */
export function createListWorkloads({ access }: ActivityContext): Activities['listWorkloads'] {
  return async ({ run, namespace }) => {
    const { kube } = access(run.cluster);
    const perKind = await Promise.all(
      WORKLOAD_KINDS.map(async (kind) => {
        const { items } = await kube.list(workloadCollection(kind, namespace));
        return items.map((object) => {
          const ref: WorkloadRef = { kind, namespace, name: object.metadata.name };
          return { ref, pods: desiredPods(kind, asWorkload(object)) };
        });
      }),
    );
    return perKind
      .flat()
      .sort((a, b) => b.pods - a.pods || a.ref.name.localeCompare(b.ref.name))
      .map(({ ref }) => ref);
  };
}
