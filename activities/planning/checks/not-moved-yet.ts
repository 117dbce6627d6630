import { placeOf } from '../../../domain/gateways.js';
import { gatewayKindOf } from '../../../domain/injection.js';
import { named } from '../../../domain/named.js';
import { ISTIO_NAMESPACE } from '../../../domain/names.js';
import { isInPlace, type Installer } from '../../../domain/plan.js';
import { ownerOf } from '../../helm/releases.js';
import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';
import { placeOf as placeOfObject } from '../meshed-pods.js';

/** Whose installations the run can go on with, each by its own tool. */
const MOVED_INSTALLERS: readonly Installer[] = ['istioctl', 'helm'];

/**
 * What driver `istio-revisioned` recognises and cannot move yet. It says so before anything is changed: half a mesh on each
 * revision would hold the run before its end, with nothing that Meshlift could do about it.
 */
export const notMovedYet: Check = {
  id: 'MESH055',
  look: async (input) => [
    ...(await gatewaysOfNodes(input)),
    ...(await installedGateways(input)),
    ...foreignInstallers(input),
    ...(await nodeAgents(input)),
  ],
};

/** A canary beside a gateway on the ports of its nodes would find them taken. */
async function gatewaysOfNodes({ reader, cluster }: CheckInput): Promise<Found[]> {
  const found = await Promise.all(
    (['DaemonSet', 'StatefulSet'] as const).map(async (kind) => {
      const objects = await reader.list('apps/v1', `${kind.toLowerCase()}s`);
      return objects
        .filter((object) => gatewayKindOf(asWorkload(object).spec.template) !== null)
        .map((object) => `${kind} ${placeOfObject(object)}`);
    }),
  );
  if (found.flat().length === 0) return [];
  return [
    {
      reason: 'NotMovedYet',
      message: `Cluster ${cluster.id} has gateways that are no Deployments, which this version of Meshlift does not move: ${named(found.flat())}.`,
      remedy: 'Move them to a mesh of their own, or run them as Deployments.',
    },
  ];
}

/** The installer replaces its gateways in place; one that it would not install again stays on the old revision for ever. */
async function installedGateways({ mesh, cluster, release, target, plan }: CheckInput): Promise<Found[]> {
  const inPlace = isInPlace(plan.route);
  const installed = (mesh.gatewayDeployments ?? []).filter(({ kind }) => kind === 'installed');
  if (installed.length === 0) return [];
  const [inside, outside] = [true, false].map((isInside) =>
    installed
      .filter((gateway) => (placeOf(gateway).namespace === ISTIO_NAMESPACE) === isInside)
      .map(({ deployment }) => deployment),
  );
  const missing = await notRendered(target, 'Deployment', inside ?? []);
  return [
    ...about(outside ?? [], (names) => ({
      reason: 'NotMovedYet',
      message: `Cluster ${cluster.id} has gateways of the installer outside ${ISTIO_NAMESPACE}, which this version of Meshlift does not move: ${names}.`,
      remedy: 'Upgrade them with istioctl in a run of their own, or replace them by injected gateways.',
    })),
    ...about(missing, (names) => ({
      reason: 'GatewayNotInstalled',
      message: `Release ${release.version} with the options of this plan would not install ${names} of cluster ${cluster.id} again, so it would ${inPlace ? 'be removed by the installation' : 'stay on the old revision'}.`,
      remedy: 'Have it installed with --set or --overlay, or remove it first where nobody needs it.',
      command: `meshlift plan ${cluster.id} --release ${release.version} --set 'components.ingressGateways[0].enabled=true'`,
    })),
  ];
}

/** Which of some objects of a kind, `namespace/name`, the target would not install. */
async function notRendered(
  target: CheckInput['target'],
  kind: string,
  places: readonly string[],
): Promise<readonly string[]> {
  const { given } = await target.manifests();
  const rendered = new Set(given.filter((object) => object.kind === kind).map(placeOfObject));
  return places.filter((place) => !rendered.has(place));
}

/** One finding about some objects; none where there are none. */
function about(places: readonly string[], finding: (names: string) => Found): Found[] {
  return places.length === 0 ? [] : [finding(named(places))];
}

function foreignInstallers({ mesh, cluster, plan }: CheckInput): Found[] {
  const source = mesh.controlPlanes.find(({ revision }) => revision === plan.route?.from.revision);
  const installer = source?.installer;
  if (source === undefined || installer === undefined || MOVED_INSTALLERS.includes(installer)) return [];
  const owner = installer === 'sail' ? 'the Sail Operator' : 'the in-cluster operator';
  return [
    {
      reason: 'NotMovedYet',
      message: `Deployment istio-system/${source.deployment} of cluster ${cluster.id} belongs to ${owner}: istioctl beside it would leave a mesh with two owners.`,
      remedy: `Upgrade it with ${owner}, as it was installed.`,
    },
  ];
}

/** What runs on every node is replaced in place by istioctl; what it would not install again stays on the old version for ever. */
async function nodeAgents({ mesh, cluster, plan, release, target, reader }: CheckInput): Promise<Found[]> {
  const { nodeAgents: agents = [] } = mesh;
  if (agents.length === 0) return [];
  const isHelm = plan.route?.installer === 'helm';
  if (isInPlace(plan.route) && !isHelm) {
    return about(
      agents.map(({ daemonSet }) => asDaemonSet(daemonSet)),
      (names) => ({
        reason: 'NotMovedYet',
        message: `In place istioctl would replace ${names} of cluster ${cluster.id} with the control plane, all of it at once and unwatched.`,
        remedy: 'Plan without --in-place: the new control plane is installed beside the old one.',
      }),
    );
  }
  const daemonSets = await reader.list('apps/v1', 'daemonsets');
  const places = agents.map(({ daemonSet }) => daemonSet);
  const stuck = places.filter((place) => daemonSets.some((object) => isOnDelete(object, place)));
  const missing = isHelm ? [] : await notRendered(target, 'DaemonSet', places);
  const strange = daemonSets
    .filter((object) => places.includes(placeOfObject(object)) && (ownerOf(object.metadata) !== null) !== isHelm)
    .map(placeOfObject);
  return [
    ...about(strange.map(asDaemonSet), (names) => ({
      reason: 'NotMovedYet',
      message: `In cluster ${cluster.id} ${names} ${isHelm ? 'is no release of Helm, and the control plane is' : 'is a release of Helm, and the control plane is none'}: one run goes by one installer.`,
      remedy: 'Have one of the two installed by the installer of the other.',
    })),
    ...about(stuck.map(asDaemonSet), (names) => ({
      reason: 'NotMovedYet',
      message: `In cluster ${cluster.id} nobody replaces the pods of ${names} by themselves (update strategy OnDelete).`,
      remedy: 'Give it update strategy RollingUpdate for the upgrade, or drain the nodes one by one yourself.',
    })),
    ...about(missing.map(asDaemonSet), (names) => ({
      reason: 'NodeAgentNotInstalled',
      message: `Release ${release.version} with the options of this plan would not install ${names} of cluster ${cluster.id} again, so it would stay on the old version.`,
      remedy: 'Name the profile that has it with --profile, or have it installed with --set or --overlay.',
      command: `meshlift plan ${cluster.id} --release ${release.version} --profile ambient`,
    })),
  ];
}

function asDaemonSet(place: string): string {
  return `DaemonSet ${place}`;
}

function isOnDelete(object: KubeObject, place: string): boolean {
  return placeOfObject(object) === place && asWorkload(object).spec.updateStrategy?.type === 'OnDelete';
}
