import { named } from '../../../domain/named.js';
import { isInPlace, type GatewayDeployment } from '../../../domain/plan.js';
import type { Check } from '../check.js';

/** In place there is no canary of the control plane, and no second one to fall back to: whoever wants that says so (ADR 0012). */
export const inPlace: Check = {
  id: 'MESH059',
  look: ({ plan, mesh, release, cluster }) => {
    const { route } = plan;
    if (route === null || !isInPlace(route)) return [];
    const { from, to } = route;
    const gateways = mesh.gatewayDeployments ?? [];
    return [
      {
        reason: 'ReplacedInPlace',
        message: [
          `The control plane ${from.revision} of cluster ${cluster.id} would be replaced where it is:`,
          `from the installation on, istiod ${to.version} serves every proxy of it, and every new pod gets proxy ${to.version}, whether its wave has come or not.`,
          ...sentenceOf(gateways, 'installed', 'is installed anew with it'),
          ...sentenceOf(gateways, 'gatewayApi', 'follows at once, as istiod rolls it out'),
          'Going back puts the old control plane in its place again first: meanwhile the newer proxies hang on the older istiod, which Istio does not promise to work.',
        ].join(' '),
        remedy:
          'Upgrade without --in-place where there is room for a second control plane; or take the risk with a waiver.',
        command: `meshlift plan ${cluster.id} --release ${release.version} --in-place --waive MESH059 --reason "..."`,
      },
    ];
  },
};

/** What becomes of the gateways of a kind before their wave; nothing where there are none. */
function sentenceOf(gateways: readonly GatewayDeployment[], kind: GatewayDeployment['kind'], what: string): string[] {
  const names = gateways.filter((gateway) => gateway.kind === kind).map(({ deployment }) => deployment);
  return names.length === 0 ? [] : [`Gateway ${named(names)} ${what}.`];
}
