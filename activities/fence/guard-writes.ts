import { isInsideMutation } from '../audit/operation.js';
import { failure } from '../failure.js';
import { describeResource } from '../kube/resources.js';
import type { KubeClient, Resource, WriteOptions } from '../kube/types.js';

/** Scratch namespaces hold nothing that anybody uses; a plan may make one although it has no run. */
const SCRATCH = 'meshlift-';
/** Questions that the API takes as objects to be created: they change nothing. */
const REVIEWS = 'authorization.k8s.io/';

/**
 * A client whose writes work only inside a recorded mutating operation: so none can be forgotten in the journal (I4), and
 * none can pass the fence (ADR 0008).
 */
export function guardWrites(kube: KubeClient, cluster: string): KubeClient {
  const require = (verb: string, resource: Resource, options?: WriteOptions): void => {
    if (isInsideMutation() || options?.dryRun === true || isHarmless(resource)) return;
    const what = `${verb} ${describeResource(resource)} in cluster ${cluster}`;
    throw failure('Internal', `Meshlift wanted to ${what} outside a recorded operation; nothing was sent.`);
  };
  return {
    ...kube,
    async create(resource, body, options) {
      require('create', { ...resource, name: nameIn(body) }, options);
      return kube.create(resource, body, options);
    },
    async mergePatch(resource, body, options) {
      require('patch', resource, options);
      return kube.mergePatch(resource, body, options);
    },
    async replace(resource, body, options) {
      require('replace', resource, options);
      return kube.replace(resource, body, options);
    },
    async delete(resource, options) {
      require('delete', resource);
      return kube.delete(resource, options);
    },
  };
}

function isHarmless({ api, plural, namespace, name = '' }: Resource): boolean {
  if (api.startsWith(REVIEWS)) return true;
  return (plural === 'namespaces' ? name : (namespace ?? '')).startsWith(SCRATCH);
}

function nameIn(body: object): string {
  const { metadata } = body as { readonly metadata?: { readonly name?: string } };
  return metadata?.name ?? '';
}
