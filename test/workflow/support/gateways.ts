import type { GatewayDeployment, Route } from '../../../domain/plan.js';
import type { FakeMesh } from './fake-mesh.js';

/** One gateway of each kind. */
export const GATEWAYS: readonly GatewayDeployment[] = [
  { deployment: 'gw/public-istio', kind: 'gatewayApi', declared: 'public' },
  { deployment: 'gw/edge', kind: 'injected' },
  { deployment: 'istio-system/istio-ingressgateway', kind: 'installed' },
];

/** One side of a route of current Istio. */
export function sideOf(version: string, revision: string): Route['from'] {
  return { version, revision, sidecar: { driver: 'istio-revisioned', revision, proxyTag: version } };
}

/** The calls that have ended, in order, as far as they match. */
export function endedCalls({ script }: FakeMesh, pattern: RegExp): string[] {
  return script.log.filter(({ call, outcome }) => outcome === 'ended' && pattern.test(call)).map(({ call }) => call);
}
