import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { isIstiodOf } from '../../domain/old-revision.js';
import type { KubeClient, KubeObject } from '../kube/types.js';

/** The Deployment of every istiod. */
export async function listIstiods(kube: KubeClient): Promise<readonly KubeObject[]> {
  const collection = { api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE };
  return (await kube.list(collection, { labelSelector: 'app=istiod' })).items;
}

/** The Deployment of the istiod of a revision. */
export async function findIstiod(kube: KubeClient, revision: string): Promise<KubeObject | undefined> {
  return (await listIstiods(kube)).find(({ metadata }) => isIstiodOf(metadata.labels, revision));
}
