import {
  add,
  NOTHING,
  requestsOf,
  resourcesText,
  type RequestingPod,
  type Resources,
} from '../../../domain/pod-requests.js';
import type { Wave } from '../../../domain/plan.js';
import type { Budget } from '../../../domain/policy/schema.js';
import type { Check, Found } from '../check.js';
import type { PlannedWorkload } from '../cluster-reader.js';
import { roomOnNodes, roomText, withoutPlace } from './capacity.js';

interface Spec {
  readonly replicas?: number;
  readonly strategy?: { readonly type?: string; readonly rollingUpdate?: { readonly maxSurge?: number | string } };
  readonly template: { readonly spec: RequestingPod };
}

/** A Deployment starts new pods before it ends old ones; without room for those its rollout stands still. */
export const surgeRoom: Check = {
  id: 'MESH034',
  look: async ({ reader, plan, cluster }) => {
    const [workloads, rooms, sidecar] = await Promise.all([
      reader.workloads(),
      roomOnNodes(reader),
      sidecarRequests(reader),
    ]);
    return plan.waves.flatMap((wave): Found[] => {
      const surge = largestSurge(workloads, wave, plan.policy.budget).map((pod) => add(pod, sidecar));
      const homeless = withoutPlace(surge, rooms);
      if (homeless.length === 0) return [];
      return [
        {
          reason: 'NoRoom',
          message: `Wave ${wave.name} of cluster ${cluster.id} starts up to ${surge.length} pods (${resourcesText(surge.reduce(add, NOTHING))}) before it ends old ones, and ${homeless.length} of them would find no node: ${roomText(rooms)}.`,
          remedy: 'Add a node, or move less at once with --parallel-workloads.',
          command: 'kubectl describe nodes',
        },
      ];
    });
  },
};

/**
 * The extra pods of as many workloads as the budget lets move at once, the largest ones: the worst that can come together. A run
 * that adapts by itself holds back when pods find no node, so for that one only the largest workload must find room.
 */
export function largestSurge(
  workloads: readonly PlannedWorkload[],
  wave: Wave,
  { maxConcurrentWorkloads, maxSurgePods }: Pick<Budget, 'maxConcurrentWorkloads' | 'maxSurgePods'>,
): Resources[] {
  const atOnce = maxConcurrentWorkloads === 'auto' ? 1 : maxConcurrentWorkloads;
  return workloads
    .filter(({ ref }) => wave.namespaces.includes(ref.namespace) && ref.kind === 'Deployment')
    .map(({ object }) => surgeOf(object['spec'] as Spec))
    .toSorted((a, b) => memoryOf(b) - memoryOf(a))
    .slice(0, atOnce)
    .flat()
    .slice(0, Math.max(maxSurgePods, 1));
}

function surgeOf({ replicas = 1, strategy = {}, template }: Spec): Resources[] {
  if (strategy.type === 'Recreate') return [];
  const { maxSurge = '25%' } = strategy.rollingUpdate ?? {};
  const count = typeof maxSurge === 'number' ? maxSurge : Math.ceil((replicas * Number.parseInt(maxSurge, 10)) / 100);
  return Array.from({ length: count }, () => requestsOf(template.spec));
}

function memoryOf(pods: readonly Resources[]): number {
  return pods.reduce((sum, { memory }) => sum + memory, 0);
}

/** What a sidecar asks for now; the new one is taken to ask for as much. */
async function sidecarRequests(reader: Parameters<typeof roomOnNodes>[0]): Promise<Resources> {
  for (const pod of await reader.planned('v1', 'pods')) {
    const { containers } = pod['spec'] as {
      containers: readonly (RequestingPod['containers'][number] & { name?: string })[];
    };
    const proxy = containers.find(({ name }) => name === 'istio-proxy');
    if (proxy !== undefined) return requestsOf({ containers: [proxy] });
  }
  return NOTHING;
}
