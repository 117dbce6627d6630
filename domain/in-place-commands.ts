import { placeOf } from './gateways.js';
import type { GatewayDeployment, Route, UpgradeOptions, Wave } from './plan.js';
import type { Release } from './release.js';
import { installOptions } from './revisioned-commands.js';

interface Planned {
  readonly release: Pick<Release, 'profile' | 'revision'>;
  readonly options: Pick<UpgradeOptions, 'set' | 'overlays' | 'profile'>;
  readonly waves: readonly Wave[];
}

/** The commands that a person would type to replace a control plane where it is, in order: what a plan shows. */
export function inPlaceCommands({ release, options, waves }: Planned): string[] {
  return [
    `istioctl install --skip-confirmation ${installOptions(release, options).join(' ')}`,
    ...waves.flatMap(({ name, namespaces, gateways = [], gate }) => [
      ...(name === 'gateways' ? [] : namespaces.flatMap(restartNamespace)),
      ...gateways.flatMap(restartGateway),
      `# wait for promotion of gate ${gate}`,
    ]),
  ];
}

/** What a person types to go back when Meshlift cannot: the control plane first, then what shall get its proxies. */
export function inPlaceRollbackCommands(
  { from }: Pick<Route, 'from'>,
  namespaces: readonly string[],
  waves: readonly Wave[],
): string[] {
  return [
    `# bring the control plane ${from.version} back: \`istioctl install\` of that release with the options of before, or the objects of istio-system in the run's snapshot.json`,
    ...namespaces.flatMap(restartNamespace),
    ...waves.flatMap(({ gateways = [] }) => gateways.flatMap(restartGateway)),
  ];
}

function restartNamespace(namespace: string): string[] {
  return [`kubectl rollout restart deployment,statefulset,daemonset -n ${namespace}`];
}

/** One of the Gateway API follows its istiod by itself. */
function restartGateway(gateway: GatewayDeployment): string[] {
  const { namespace, name } = placeOf(gateway);
  const verb = gateway.kind === 'gatewayApi' ? 'status' : 'restart';
  return [`kubectl rollout ${verb} deployment ${name} -n ${namespace}`];
}
