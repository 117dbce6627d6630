import { named } from '../../../domain/named.js';
import type { Check, CheckInput, Found } from '../check.js';

const AMBIENT_LABEL = 'istio.io/dataplane-mode';

/**
 * What driver `istio-revisioned` recognises and cannot move yet. It says so before anything is changed: half a mesh on each
 * revision would hold the run before its end, with nothing that Meshlift could do about it.
 */
export const notMovedYet: Check = {
  id: 'MESH055',
  look: async (input) => [...gateways(input), ...foreignInstallers(input), ...(await ambient(input))],
};

function gateways({ mesh, cluster }: CheckInput): Found[] {
  const found = (mesh.gatewayDeployments ?? []).map(({ deployment, kind }) => `${deployment} (${kind})`);
  if (found.length === 0) return [];
  return [
    {
      reason: 'NotMovedYet',
      message: `Cluster ${cluster.id} has gateways, which this version of Meshlift does not move: ${named(found)}.`,
      remedy: 'Upgrade this mesh with istioctl, or move its gateways to a mesh of their own.',
    },
  ];
}

function foreignInstallers({ mesh, cluster, plan }: CheckInput): Found[] {
  const source = mesh.controlPlanes.find(({ revision }) => revision === plan.route?.from.revision);
  const installer = source?.installer;
  if (source === undefined || installer === undefined || installer === 'istioctl') return [];
  const owner = { helm: 'Helm', sail: 'the Sail Operator', operator: 'the in-cluster operator' }[installer];
  return [
    {
      reason: 'NotMovedYet',
      message: `Deployment istio-system/${source.deployment} of cluster ${cluster.id} belongs to ${owner}: istioctl beside it would leave a mesh with two owners.`,
      remedy: `Upgrade it with ${owner}, as it was installed.`,
    },
  ];
}

async function ambient({ reader, cluster }: CheckInput): Promise<Found[]> {
  const [namespaces, daemonSets] = await Promise.all([
    reader.list('v1', 'namespaces'),
    reader.list('apps/v1', 'daemonsets'),
  ]);
  const labelled = namespaces
    .filter(({ metadata }) => metadata.labels?.[AMBIENT_LABEL] === 'ambient')
    .map(({ metadata }) => `namespace ${metadata.name}`);
  const ztunnels = daemonSets
    .filter(({ metadata }) => metadata.name === 'ztunnel')
    .map(({ metadata }) => `DaemonSet ${metadata.namespace ?? ''}/ztunnel`);
  const found = [...ztunnels, ...labelled];
  if (found.length === 0) return [];
  return [
    {
      reason: 'NotMovedYet',
      message: `Cluster ${cluster.id} has an ambient data plane, which this version of Meshlift does not move: ${named(found)}.`,
      remedy:
        'Upgrade this mesh in the order CRDs, istiod, CNI, ztunnel, waypoints, as the documentation of Istio says.',
    },
  ];
}
