import { HELM_NAMESPACE, HELM_RELEASE } from '../../domain/helm.js';
import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { isIstiodOf, pluralOf } from '../../domain/old-revision.js';
import type { Route } from '../../domain/plan.js';
import { recordedLabels, type RecordedObject, type Snapshot } from '../../domain/snapshot.js';
import { failure } from '../failure.js';
import type { KubeClient, ObjectMeta } from '../kube/types.js';
import { findIstiod } from '../mesh/istiods.js';
import type { Helm } from './helm.js';

/** Points at a release of Helm. */
export interface ReleaseRef {
  readonly namespace: string;
  readonly name: string;
}

/** The release that an object says it belongs to; null when it says none. */
export function ownerOf({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): ReleaseRef | null {
  const { [HELM_RELEASE]: name, [HELM_NAMESPACE]: namespace = ISTIO_NAMESPACE } = annotations;
  return name === undefined ? null : { name, namespace };
}

/** The release of the control plane that runs. @throws HelmFailed when its Deployment names none */
export async function sourceRelease(kube: KubeClient, cluster: string, route: Route): Promise<ReleaseRef> {
  const old = await findIstiod(kube, route.from.revision);
  return requireOwner(old === undefined ? null : ownerOf(old.metadata), cluster, route);
}

/** The same from the snapshot: when the old control plane has gone, its Deployment can no longer tell. */
export function recordedRelease({ objects }: Snapshot, cluster: string, route: Route): ReleaseRef {
  const { revision } = route.from;
  const old = objects.find((entry) => pluralOf(entry) === 'deployments' && isIstiodOf(recordedLabels(entry), revision));
  return requireOwner(old === undefined ? null : recordedOwner(old), cluster, route);
}

/** Every release that has objects in a snapshot, by `namespace/name`, with how often it had been changed. */
export async function releasesIn({ objects }: Snapshot, helm: Pick<Helm, 'list'>): Promise<Record<string, number>> {
  const owners = objects.map(recordedOwner).filter((owner) => owner !== null);
  const known = new Set(owners.map(({ namespace, name }) => `${namespace}/${name}`));
  const lists = await Promise.all([...new Set(owners.map(({ namespace }) => namespace))].map(helm.list));
  const found = lists
    .flat()
    .map(({ namespace, name, revision }): [string, number] => [`${namespace}/${name}`, revision]);
  return Object.fromEntries(found.filter(([name]) => known.has(name)));
}

/** The release that a recorded object says it belongs to; null when it says none. */
export function recordedOwner({ object }: RecordedObject): ReleaseRef | null {
  return ownerOf((object['metadata'] ?? {}) as Pick<ObjectMeta, 'annotations'>);
}

function requireOwner(found: ReleaseRef | null, cluster: string, { from }: Route): ReleaseRef {
  if (found !== null) return found;
  const message = `The Deployment of istiod ${from.revision} of cluster ${cluster} names no release of Helm that it belongs to.`;
  throw failure('HelmFailed', message);
}
