import type { Leftover } from '../../domain/leftovers.js';
import type { Route } from '../../domain/plan.js';
import { controllerOf, runsSidecarOf, type Pod } from '../../domain/pod.js';
import type { KubeClient } from '../kube/types.js';
import { listPods } from './list-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';

/** The two control planes of a route. */
export type Side = keyof Pick<Route, 'from' | 'to'>;

/** Every pod of the mesh that the control plane of one side still serves. A question without an answer throws. */
export async function podsServedBy(kube: KubeClient, route: Route, side: Side): Promise<Pod[]> {
  const other = side === 'from' ? route.to : route.from;
  return (await listPods(kube)).filter((pod) => runsSidecarOf(pod, route[side].sidecar, other.sidecar));
}

/** The same pods, each with what it belongs to. */
export async function leftoversOf(kube: KubeClient, route: Route, side: Side): Promise<Leftover[]> {
  const ownerOf = createOwnerFinder(kube);
  const pods = await podsServedBy(kube, route, side);
  return Promise.all(pods.map(async (pod) => leftover(pod, await ownerOf(pod))));
}

function leftover(pod: Pod, { called, name, row }: Owner): Leftover {
  const { metadata } = pod;
  const controller = controllerOf(pod);
  return {
    pod: `${metadata.namespace ?? ''}/${metadata.name}`,
    owner: called === 'Pod' ? 'bare' : `${called} ${name}`,
    row,
    ending: metadata.deletionTimestamp !== undefined,
    // The Job itself, also where a CronJob decides.
    ...(controller?.kind === 'Job' ? { job: controller.name } : {}),
  };
}
