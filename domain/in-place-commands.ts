import { placeOf } from './gateways.js';
import { gateComment } from './policy/gate-words.js';
import type { GatewayDeployment, Route, UpgradeOptions, Wave } from './plan.js';
import { restartCommand } from './planned-commands.js';
import type { Release } from './release.js';
import { agentByHelm, backByHelm, installOptions, upgradeByHelm } from './revisioned-commands.js';

interface Planned {
  readonly release: Pick<Release, 'profile' | 'revision'>;
  readonly options: Pick<UpgradeOptions, 'set' | 'overlays' | 'profile'>;
  readonly waves: readonly Wave[];
  readonly route: Route;
}

const ISTIOD = 'the Deployment of istiod';

/** The commands that a person would type to replace a control plane where it is, in order: what a plan shows. */
export function inPlaceCommands({ release, options, waves, route }: Planned): string[] {
  return [
    route.installer === 'helm'
      ? upgradeByHelm(ISTIOD, 'manifests/charts/istio-control/istio-discovery')
      : `istioctl install --skip-confirmation ${installOptions(release, options).join(' ')}`,
    ...waves.flatMap(({ name, namespaces, agents = [], gateways = [], ...gate }) => [
      ...agents.flatMap(agentByHelm),
      ...(name === 'gateways' ? [] : namespaces.map(restartCommand)),
      ...gateways.flatMap(restartGateway),
      gateComment(gate),
    ]),
  ];
}

/** What a person types to go back when Meshlift cannot: the control plane first, then what shall get its proxies. */
export function inPlaceRollbackCommands(
  { from, installer }: Pick<Route, 'from' | 'installer'>,
  namespaces: readonly string[],
  waves: readonly Wave[],
): string[] {
  return [
    installer === 'helm'
      ? backByHelm(ISTIOD)
      : `# bring the control plane ${from.version} back: \`istioctl install\` of that release with the options of before, or the objects of istio-system in the run's snapshot.json`,
    ...namespaces.map(restartCommand),
    ...waves.flatMap(({ gateways = [] }) => gateways.flatMap(restartGateway)),
    ...waves.flatMap(({ agents = [] }) => agents.map(({ daemonSet }) => backByHelm(`DaemonSet ${daemonSet}`))),
  ];
}

/** One of the Gateway API follows its istiod by itself. */
function restartGateway(gateway: GatewayDeployment): string[] {
  const { namespace, name } = placeOf(gateway);
  const verb = gateway.kind === 'gatewayApi' ? 'status' : 'restart';
  return [`kubectl rollout ${verb} deployment ${name} -n ${namespace}`];
}
