import { WORKLOAD_KINDS, type WorkloadRef } from '../../domain/workload.js';
import type { Plan } from '../../domain/plan.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';

/** A workload of a namespace that will be moved. */
export interface PlannedWorkload {
  readonly ref: WorkloadRef;
  readonly object: KubeObject;
}

/** Reads the cluster for the checks of one preflight, each collection once. */
export interface ClusterReader {
  /** Every object of a collection; of a kind that the cluster does not have, none. */
  list(api: string, plural: string): Promise<readonly KubeObject[]>;
  /** The same, but only of the namespaces that the plan moves. */
  planned(api: string, plural: string): Promise<readonly KubeObject[]>;
  /** Deployments, StatefulSets and DaemonSets of the namespaces that the plan moves. */
  workloads(): Promise<readonly PlannedWorkload[]>;
}

/** Makes a reader for one preflight: what it has read it does not read again. */
export function createClusterReader(kube: KubeClient, plan: Plan): ClusterReader {
  const lists = new Map<string, Promise<readonly KubeObject[]>>();
  const namespaces = new Set(plan.waves.flatMap((wave) => wave.namespaces));

  const list = (api: string, plural: string) => {
    const key = `${api}/${plural}`;
    const known = lists.get(key) ?? readAll(kube, { api, plural });
    lists.set(key, known);
    return known;
  };
  const planned = async (api: string, plural: string) =>
    (await list(api, plural)).filter(({ metadata }) => namespaces.has(metadata.namespace ?? ''));

  return {
    list,
    planned,
    async workloads() {
      const perKind = await Promise.all(
        WORKLOAD_KINDS.map(async (kind) => {
          const objects = await planned('apps/v1', `${kind.toLowerCase()}s`);
          return objects.map((object) => ({
            ref: { kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name },
            object,
          }));
        }),
      );
      return perKind.flat();
    },
  };
}

async function readAll(kube: KubeClient, resource: Resource): Promise<readonly KubeObject[]> {
  return (await kube.list(resource)).items;
}
