import { canaryName, placeOf } from './gateways.js';
import { DEFAULT_REVISION, INJECTION_LABEL, REVISION_LABEL } from './names.js';
import { gateComment } from './policy/gate-words.js';
import type { GatewayDeployment, NodeAgent, Route, TagMove, UpgradeOptions, Wave } from './plan.js';
import { restartCommand } from './planned-commands.js';
import type { Release } from './release.js';

interface Planned {
  readonly release: Pick<Release, 'profile' | 'revision'>;
  readonly options: Pick<UpgradeOptions, 'set' | 'overlays' | 'profile'>;
  readonly waves: readonly Wave[];
  readonly tags: readonly TagMove[];
  readonly route: Route;
}

/** The commands that a person would type to upgrade current Istio, in order: what a plan shows. */
export function revisionedCommands({ release, options, waves, tags, route }: Planned): string[] {
  const { revision } = route.to;
  const moved = new Set<string>();
  const tagged = (namespace: string) => tags.find(({ namespaces }) => namespaces.includes(namespace))?.tag;
  const install = ['istioctl install', '--skip-confirmation', ...installOptions(release, options)].join(' ');
  return [
    ...(route.installer === 'helm'
      ? helmCommands(revision, options)
      : [`${install} # without gateways: they come last`]),
    ...waves.flatMap(({ gateways = [] }) => gateways.flatMap((gateway) => labelCommand(gateway, route.from.revision))),
    ...waves.flatMap((wave) => [
      ...(wave.agents ?? []).flatMap((agent) =>
        route.installer === 'helm' ? agentByHelm(agent) : agentCommands(agent, install),
      ),
      ...(wave.gateways ?? []).flatMap((gateway) => labelCommand(gateway, revision)),
      ...(wave.tags ?? []).map((tag) => {
        moved.add(tag);
        return tagCommand(tag, revision);
      }),
      ...wave.namespaces.flatMap((namespace) => [
        ...(moved.has(tagged(namespace) ?? '')
          ? []
          : [`kubectl label namespace ${namespace} ${INJECTION_LABEL}- ${REVISION_LABEL}=${revision} --overwrite`]),
        // What stands there with nothing but gateways has no workload to restart.
        ...(wave.gateways === undefined ? [restartCommand(namespace)] : []),
      ]),
      ...gatewayCommands(wave.gateways ?? [], revision, install),
      gateComment(wave),
    ]),
    ...tags.filter(({ tag }) => !moved.has(tag)).map(({ tag }) => tagCommand(tag, revision)),
    `# remove what belongs to revision ${route.from.revision} alone, one object after the other, with a backup`,
  ];
}

/** What `istioctl install` is given; nothing of the revision where that is the one without a name. */
export function installOptions({ profile, revision }: Planned['release'], options: Planned['options']): string[] {
  return [
    `--set profile=${options.profile ?? profile}`,
    ...(revision === DEFAULT_REVISION ? [] : [`--set revision=${revision}`]),
    ...options.overlays.map((name) => `-f ${name}.yaml`),
    ...options.set.map((option) => `--set '${option}'`),
  ];
}

/** How a new control plane is installed where Helm keeps the mesh. */
function helmCommands(revision: string, { overlays, set }: Planned['options']): string[] {
  const chosen = [
    ...overlays.map((name) => `-f ${name}.yaml`),
    ...set.map((option) => `--set '${option}'`),
    `--set revision=${revision}`,
  ];
  return [
    'kubectl apply --server-side --force-conflicts -f manifests/charts/base/files/crd-all.gen.yaml',
    `# values.json: what \`helm get values\` says of the old release, without its revision, tags and images`,
    `helm upgrade --install istiod-${revision} manifests/charts/istio-control/istio-discovery -n istio-system -f values.json ${chosen.join(' ')} --wait`,
  ];
}

/** Has a Gateway ask for a revision by its own label; gateways of other kinds have none. */
function labelCommand({ kind, declared, ...gateway }: GatewayDeployment, revision: string): string[] {
  if (kind !== 'gatewayApi') return [];
  const { namespace } = placeOf(gateway);
  return [
    `kubectl label gateways.gateway.networking.k8s.io ${declared ?? ''} -n ${namespace} ${REVISION_LABEL}=${revision} --overwrite`,
  ];
}

/** A part of every node: istioctl replaces it, and its DaemonSet goes from node to node. */
function agentCommands({ kind, daemonSet }: NodeAgent, install: string): string[] {
  const later = kind === 'cni' ? ' # without gateways and ztunnel' : ' # without gateways';
  return [`${install}${later}`, statusCommand(daemonSet)];
}

/** The same where it is a release of Helm, which the DaemonSet names. */
export function agentByHelm({ kind, daemonSet }: NodeAgent): string[] {
  const chart = kind === 'cni' ? 'istio-cni' : 'ztunnel';
  return [upgradeByHelm(`DaemonSet ${daemonSet}`, `manifests/charts/${chart}`), statusCommand(daemonSet)];
}

/** How a release that somebody has installed is upgraded where it is. */
export function upgradeByHelm(owned: string, chart: string): string {
  return `# helm upgrade the release that ${owned} names to ${chart}, with its own values but for the versions of images`;
}

function statusCommand(daemonSet: string): string {
  const { namespace, name } = placeOf({ deployment: daemonSet });
  return `kubectl rollout status daemonset/${name} -n ${namespace}`;
}

/** Gateways that come after the namespaces of their wave. */
function gatewayCommands(gateways: readonly GatewayDeployment[], revision: string, install: string): string[] {
  const injected = gateways.filter(({ kind }) => kind === 'injected');
  return [
    ...injected.flatMap((gateway) => {
      const { namespace, name } = placeOf(gateway);
      return [
        `# create Deployment ${namespace}/${canaryName(name, revision)} behind the same Service, with label ${REVISION_LABEL}=${revision} on its pods`,
        `kubectl rollout restart deployment ${name} -n ${namespace}`,
        `kubectl delete deployment ${canaryName(name, revision)} -n ${namespace}`,
      ];
    }),
    ...(gateways.some(({ kind }) => kind === 'installed') ? [`${install} # with gateways`] : []),
  ];
}

function tagCommand(tag: string, revision: string): string {
  return `istioctl tag set ${tag} --revision ${revision} --overwrite`;
}

/** What there is to bring back by hand. */
interface GoingBack {
  readonly route: Route;
  readonly tags: readonly TagMove[];
  /** Those that are not back yet. */
  readonly namespaces: readonly string[];
  readonly waves: readonly Wave[];
}

/** What a person types to go back when Meshlift cannot: tags first, then namespaces, then gateways, then the new control plane. */
export function revisionedRollbackCommands({ route, tags, namespaces, waves }: GoingBack): string[] {
  const { from, to } = route;
  const gateways = waves.flatMap((wave) => wave.gateways ?? []);
  const agents = waves.flatMap((wave) => wave.agents ?? []);
  return [
    ...tags.map(({ tag }) => tagCommand(tag, from.revision)),
    ...namespaces.flatMap((namespace) => [
      `# give namespace ${namespace} the labels back that the run's snapshot.json says it had`,
      restartCommand(namespace),
    ]),
    ...gateways.flatMap((gateway) => gatewayBack(gateway, route)),
    ...agents.map(({ daemonSet }) =>
      route.installer === 'helm' ? backByHelm(`DaemonSet ${daemonSet}`) : fromSnapshot(`DaemonSet ${daemonSet}`),
    ),
    `kubectl get pods -A -o json | grep -c '"${REVISION_LABEL}": "${to.revision}"'   # must be 0 before the next line`,
    route.installer === 'helm'
      ? `helm uninstall istiod-${to.revision} -n istio-system`
      : `istioctl uninstall --revision ${to.revision} --skip-confirmation   # deletes everything that carries ${REVISION_LABEL}=${to.revision}, gateways too`,
  ];
}

function gatewayBack(gateway: GatewayDeployment, { from, to }: Route): string[] {
  const { namespace, name } = placeOf(gateway);
  switch (gateway.kind) {
    case 'gatewayApi':
      return [
        ...labelCommand(gateway, from.revision),
        `# when that is ready, give the Gateway the label ${REVISION_LABEL} back that snapshot.json says it had`,
      ];
    case 'injected':
      return [
        `kubectl rollout restart deployment ${name} -n ${namespace}`,
        `kubectl delete deployment ${canaryName(name, to.revision)} -n ${namespace} --ignore-not-found`,
      ];
    case 'installed':
      return [fromSnapshot(`Deployment ${gateway.deployment}`)];
    default:
      return gateway.kind satisfies never;
  }
}

/** How a release that was upgraded where it is goes back. */
export function backByHelm(owned: string): string {
  return `# helm rollback the release that ${owned} names to the revision that the run's snapshot.json says it had`;
}

function fromSnapshot(what: string): string {
  return `# bring ${what} back as the run's snapshot.json has it, with its labels, Service and account`;
}
