import { controllerOf, type Pod } from '../../domain/pod.js';
import { actionFor, type ActionRow, type OwnerKind } from '../../domain/workload-actions.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';

/** What a pod belongs to, at the top of the chain that Meshlift knows. */
export interface Owner {
  readonly kind: OwnerKind;
  /** Its kind in its own words, for instance `CloneSet`; `Pod` for a bare one. */
  readonly called: string;
  readonly name: string;
  readonly row: ActionRow;
  /** Null for a bare pod and for an owner that is not known. */
  readonly object: KubeObject | null;
}

/** Kinds that own pods and that Meshlift can read, by `kind` and group. */
const KNOWN: Readonly<Record<string, Resource & { readonly kind: OwnerKind }>> = {
  'Deployment.apps': { kind: 'Deployment', api: 'apps/v1', plural: 'deployments' },
  'StatefulSet.apps': { kind: 'StatefulSet', api: 'apps/v1', plural: 'statefulsets' },
  'DaemonSet.apps': { kind: 'DaemonSet', api: 'apps/v1', plural: 'daemonsets' },
  'ReplicaSet.apps': { kind: 'ReplicaSet', api: 'apps/v1', plural: 'replicasets' },
  'ReplicationController.': { kind: 'ReplicationController', api: 'v1', plural: 'replicationcontrollers' },
  'Job.batch': { kind: 'Job', api: 'batch/v1', plural: 'jobs' },
  'CronJob.batch': { kind: 'CronJob', api: 'batch/v1', plural: 'cronjobs' },
  'Rollout.argoproj.io': { kind: 'Rollout', api: 'argoproj.io/v1alpha1', plural: 'rollouts' },
};

/** Kinds that are often owned by another one, which then decides. */
const OWNED: readonly OwnerKind[] = ['ReplicaSet', 'Job'];

/** Finds the owners of pods. Reads each object once; make one per scan. */
export function createOwnerFinder(kube: KubeClient): (pod: Pod) => Promise<Owner> {
  const read = new Map<string, Promise<KubeObject | null>>();
  const get = (resource: Resource) => {
    const key = JSON.stringify(resource);
    const found = read.get(key) ?? kube.get(resource);
    read.set(key, found);
    return found;
  };

  const climb = async (namespace: string, reference: Reference): Promise<Owner> => {
    const known = KNOWN[`${reference.kind}.${groupOf(reference)}`];
    if (known === undefined) return unknownOwner(reference);
    const { kind, ...collection } = known;
    const object = await get({ ...collection, namespace, name: reference.name });
    const above = object === null ? undefined : controllerOf(object);
    if (OWNED.includes(kind) && above !== undefined) return climb(namespace, above);
    return { kind, called: kind, name: reference.name, row: actionFor(kind, object ?? EMPTY), object };
  };

  return (pod) => {
    const reference = controllerOf(pod);
    const { name, namespace = '' } = pod.metadata;
    if (reference !== undefined) return climb(namespace, reference);
    return Promise.resolve({ kind: 'Pod', called: 'Pod', name, row: actionFor('Pod', EMPTY), object: null });
  };
}

type Reference = NonNullable<ReturnType<typeof controllerOf>>;

const EMPTY = { metadata: {} };

function unknownOwner({ kind, name }: Reference): Owner {
  return { kind: 'unknown', called: kind, name, row: actionFor('unknown', EMPTY), object: null };
}

/** `apps` of `apps/v1`; empty for the core group. */
function groupOf({ apiVersion = '' }: Reference): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
