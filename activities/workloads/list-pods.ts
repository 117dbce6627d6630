import type { Pod } from '../../domain/pod.js';
import { slimPod } from '../kube/keeping.js';
import { PODS } from '../kube/resources.js';
import type { KubeClient } from '../kube/types.js';
import { asPod } from './owned-pods.js';

/** Every pod of the cluster, as the domain sees it: the rest of each is dropped while the pages are read. */
export async function listPods(kube: KubeClient): Promise<Pod[]> {
  return (await kube.list(PODS, {}, slimPod)).items.map(asPod);
}
