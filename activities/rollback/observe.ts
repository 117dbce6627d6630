import { COMPONENT_LABEL, ISTIO_NAMESPACE, OWNER_LABEL, PART_OF_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { decidedPart, recordedLabels, type Json, type RecordedObject, type Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import { PROBE_LABEL } from '../mesh/probe-namespace.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';

/** ConfigMaps in which the istiods of a cluster agree on who leads; they carry no label. */
const ELECTION = /^istio-(leader|.+-election)$/;
/** The installer's own memory of what it installed; it carries no label. */
const INSTALLED_STATE = 'istiooperators';

/** Kinds of objects that an installation of Istio writes in its namespace. */
const NAMESPACED: readonly Omit<Resource, 'namespace'>[] = [
  { api: 'apps/v1', plural: 'deployments' },
  { api: 'apps/v1', plural: 'daemonsets' },
  { api: 'v1', plural: 'services' },
  { api: 'v1', plural: 'configmaps' },
  { api: 'v1', plural: 'serviceaccounts' },
  { api: 'autoscaling/v1', plural: 'horizontalpodautoscalers' },
  { api: 'policy/v1', plural: 'poddisruptionbudgets' },
  { api: 'rbac.authorization.k8s.io/v1', plural: 'roles' },
  { api: 'rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
  { api: 'networking.istio.io/v1alpha3', plural: 'envoyfilters' },
  { api: 'networking.istio.io/v1alpha3', plural: 'gateways' },
  { api: 'networking.istio.io/v1alpha3', plural: 'sidecars' },
  { api: 'install.istio.io/v1alpha1', plural: INSTALLED_STATE },
];

/** Kinds that it writes for the whole cluster. */
const CLUSTER_WIDE: readonly Resource[] = [
  { api: 'admissionregistration.k8s.io/v1', plural: 'mutatingwebhookconfigurations' },
  { api: 'admissionregistration.k8s.io/v1', plural: 'validatingwebhookconfigurations' },
  { api: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' },
  { api: 'rbac.authorization.k8s.io/v1', plural: 'clusterrolebindings' },
  { api: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' },
];

/**
 * Reads everything that a run may change: the labels of every namespace, and every object that carries a mark of Istio's
 * installer (1.5 writes the component only) or of a revision.
 */
export async function observe(kube: KubeClient, run: RunRef): Promise<Snapshot> {
  const collections = [...NAMESPACED.map((entry) => ({ ...entry, namespace: ISTIO_NAMESPACE })), ...CLUSTER_WIDE];
  const [namespaces, ...lists] = await Promise.all([
    kube.list({ api: 'v1', plural: 'namespaces' }),
    ...collections.map(async (collection) => {
      const { items } = await kube.list(collection);
      return items
        .filter((object) => object.metadata.deletionTimestamp === undefined)
        .map((object) => record(collection, object))
        .filter((entry) => isOfIstio(entry));
    }),
  ]);
  return {
    schema: 1,
    cluster: run.cluster,
    runId: run.runId,
    takenAt: new Date().toISOString(),
    namespaces: Object.fromEntries(
      namespaces.items
        .filter(({ metadata }) => metadata.labels?.[PROBE_LABEL] === undefined)
        .map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
    ),
    objects: lists.flat(),
  };
}

function isOfIstio(entry: RecordedObject): boolean {
  const labels = recordedLabels(entry);
  return (
    entry.collection.endsWith(`/${INSTALLED_STATE}`) ||
    isElection(entry) ||
    // What Helm installs has neither the installer's marks nor, all of it, a revision.
    labels[PART_OF_LABEL] === 'istio' ||
    [OWNER_LABEL, COMPONENT_LABEL, REVISION_LABEL].some((label) => labels[label] !== undefined)
  );
}

/** Whether istiod wrote the object to agree with others of its kind: 1.6 adds some that 1.5 does not have. */
export function isElection({ collection, name }: RecordedObject): boolean {
  return collection === 'v1/configmaps' && ELECTION.test(name);
}

function record(collection: Resource, object: KubeObject): RecordedObject {
  const name = collectionName(collection);
  return {
    collection: name,
    namespace: object.metadata.namespace ?? null,
    name: object.metadata.name,
    object: decidedPart(name, object as unknown as Record<string, Json>),
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  };
}

/** `apps/v1/deployments`. */
function collectionName({ api, plural }: Resource): string {
  return `${api}/${plural}`;
}

/** The way back from a recorded object to the resource it was read from. */
export function resourceOf({ collection, namespace, name }: RecordedObject): Resource {
  const cut = collection.lastIndexOf('/');
  const resource = { api: collection.slice(0, cut), plural: collection.slice(cut + 1), name };
  return namespace === null ? resource : { ...resource, namespace };
}
