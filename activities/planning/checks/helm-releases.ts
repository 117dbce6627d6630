import { named } from '../../../domain/named.js';
import { TAG_LABEL } from '../../../domain/names.js';
import { isInPlace } from '../../../domain/plan.js';
import { objectsIn } from '../../kube/manifests.js';
import type { Helm } from '../../helm/helm.js';
import { ownerOf, sourceRelease, type ReleaseRef } from '../../helm/releases.js';
import type { Check, CheckInput, Found } from '../check.js';
import { placeOf } from '../meshed-pods.js';

/** A mesh that Helm has installed stays one: its releases are read and written by Helm alone, so they must be whole. */
export const helmReleases: Check = {
  id: 'MESH057',
  look: async (input) => {
    const { plan, kube, cluster, helm } = input;
    if (plan.route?.installer !== 'helm') return [];
    const source = await sourceRelease(kube, cluster.id, plan.route);
    const own = [{ what: 'the Deployment of istiod', ref: source }, ...(await releasesOfNodes(input))];
    const broken = await Promise.all(own.map((owned) => notDeployed(input, helm, owned)));
    // In place they stay with their release.
    return [...broken.flat(), ...(isInPlace(plan.route) ? [] : await tagsOf(input, helm, source))];
  },
};

/** A release that the run changes, and the object that names it. */
interface Owned {
  readonly what: string;
  readonly ref: ReleaseRef;
}

async function releasesOfNodes({ mesh, reader }: CheckInput): Promise<Owned[]> {
  const places = (mesh.nodeAgents ?? []).map(({ daemonSet }) => daemonSet);
  const daemonSets = places.length === 0 ? [] : await reader.list('apps/v1', 'daemonsets');
  return daemonSets
    .filter((object) => places.includes(placeOf(object)))
    .flatMap(({ metadata }) => {
      const ref = ownerOf(metadata);
      return ref === null ? [] : [{ what: `DaemonSet ${metadata.name}`, ref }];
    });
}

async function notDeployed({ cluster }: CheckInput, helm: Helm, { what, ref }: Owned): Promise<Found[]> {
  const { namespace, name } = ref;
  const found = await helm.find(namespace, name);
  if (found?.status === 'deployed') return [];
  return [
    {
      reason: 'HelmReleaseNotDeployed',
      message: `Release ${namespace}/${name} of cluster ${cluster.id}, which ${what} names, is ${found?.status ?? 'unknown to Helm'}.`,
      remedy: 'Bring it to status `deployed` first, by the upgrade or the rollback that was left half-way.',
      command: `helm status ${name} --namespace ${namespace}`,
    },
  ];
}

/** They would go with the old release, wherever they lead by then. */
async function tagsOf({ cluster }: CheckInput, helm: Helm, { namespace, name }: ReleaseRef): Promise<Found[]> {
  const objects = objectsIn(await helm.manifest(namespace, name));
  const tags = objects.map(({ metadata }) => metadata.labels?.[TAG_LABEL]).filter((tag) => tag !== undefined);
  if (tags.length === 0) return [];
  return [
    {
      reason: 'HelmKeepsTags',
      message: `Revision tags of cluster ${cluster.id} belong to Helm release ${namespace}/${name} and would go with it: ${named([...new Set(tags)])}.`,
      remedy:
        'Take them out of its values (`revisionTags`) and make them with `istioctl tag set`, which outlives a release.',
      command: `istioctl tag list`,
    },
  ];
}
