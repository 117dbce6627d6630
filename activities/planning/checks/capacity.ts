import {
  add,
  NOTHING,
  parseQuantity,
  requestsOf,
  resourcesText,
  type RequestingPod,
  type Resources,
} from '../../../domain/pod-requests.js';
import type { KubeObject } from '../../kube/types.js';
import type { ClusterReader } from '../cluster-reader.js';

/** Room on one node. */
export interface Room extends Resources {
  readonly node: string;
}

interface NodeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly effect: string }[] };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}
interface PodObject {
  readonly spec: RequestingPod & { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

/**
 * What every node that takes pods has left: allocatable minus the requests of what runs there. Taints, affinity and
 * autoscalers are not looked at, so that what is found is a warning and never more.
 */
export async function roomOnNodes(reader: ClusterReader): Promise<Room[]> {
  const [nodes, pods] = await Promise.all([reader.list('v1', 'nodes'), reader.list('v1', 'pods')]);
  const used = new Map<string, Resources>();
  for (const { spec, status } of pods as unknown as readonly PodObject[]) {
    if (spec.nodeName === undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    used.set(spec.nodeName, add(used.get(spec.nodeName) ?? NOTHING, requestsOf(spec)));
  }
  return nodes.filter(takesPods).map((node) => {
    const { cpu, memory } = used.get(node.metadata.name) ?? NOTHING;
    const { allocatable = {} } = (node as NodeObject).status ?? {};
    const of = (name: string) => parseQuantity(allocatable[name] ?? 0) ?? 0;
    return { node: node.metadata.name, cpu: of('cpu') - cpu, memory: of('memory') - memory };
  });
}

function takesPods(object: KubeObject): boolean {
  const { spec = {}, status = {} } = object as NodeObject;
  const ready = status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  const closed = spec.taints?.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
  return ready === true && spec.unschedulable !== true && closed !== true;
}

/**
 * The pods that find no place when each goes to the node with the most memory left, largest first.
 * @param pods requests of each pod
 */
export function withoutPlace(pods: readonly Resources[], rooms: readonly Room[]): Resources[] {
  const left = rooms.map((room) => ({ ...room }));
  const largestFirst = pods.toSorted((a, b) => b.memory - a.memory || b.cpu - a.cpu);
  return largestFirst.filter((pod) => {
    const fitting = left.filter((room) => room.cpu >= pod.cpu && room.memory >= pod.memory);
    const place = fitting.toSorted((a, b) => b.memory - a.memory)[0];
    if (place === undefined) return true;
    Object.assign(place, { cpu: place.cpu - pod.cpu, memory: place.memory - pod.memory });
    return false;
  });
}

/** The largest hole and all holes together, as a sentence without its end. */
export function roomText(rooms: readonly Room[]): string {
  const largest = rooms.toSorted((a, b) => b.memory - a.memory)[0];
  if (largest === undefined) return 'no node takes pods';
  return `${rooms.length} nodes have ${resourcesText(rooms.reduce<Resources>(add, NOTHING))} left, ${largest.node} the most with ${resourcesText(largest)}`;
}
