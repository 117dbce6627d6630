import type { GatewayKind } from './injection.js';
import { DEFAULT_REVISION, DEFAULT_TAG } from './names.js';
import type { DetectedMesh, GatewayDeployment, RevisionTag } from './plan.js';
import { askOf, tagBehind, type Ask } from './tags.js';

/** Label of a canary of a gateway, and of its pods; its value is the name of the gateway's own Deployment. */
export const CANARY_LABEL = 'meshlift.dev/canary-of';

/**
 * Those that their own label moves come before any tag does; those that the installer owns come last, because it replaces all of
 * them at once.
 */
const ORDER: readonly GatewayKind[] = ['gatewayApi', 'injected', 'installed'];

/** Gateways in the order in which they are moved. */
export function inOrder(gateways: readonly GatewayDeployment[]): GatewayDeployment[] {
  const rank = ({ kind }: GatewayDeployment) => ORDER.indexOf(kind);
  return [...gateways].sort((a, b) => rank(a) - rank(b) || a.deployment.localeCompare(b.deployment));
}

/** The namespace and the name of a gateway's Deployment. */
export function placeOf({ deployment }: Pick<GatewayDeployment, 'deployment'>): { namespace: string; name: string } {
  const [namespace = '', name = ''] = deployment.split('/');
  return { namespace, name };
}

/** Name of the canary that stands beside an injected gateway while that is moved. */
export function canaryName(gateway: string, revision: string): string {
  return `${gateway}-${revision}`;
}

/**
 * What a gateway asks for: by itself, else as its namespace does, else by the default tag. Gateways of the Gateway API do not
 * hear `istio-injection` (pkg/revisions of Istio). Null for what the installer owns: it alone decides.
 */
export function askOfGateway(
  gateway: GatewayDeployment,
  namespaces: DetectedMesh['namespaces'],
  tags: readonly RevisionTag[],
): Ask | null {
  const { kind, revision = null } = gateway;
  if (kind === 'installed') return null;
  const own = namespaces.find(({ namespace }) => namespace === placeOf(gateway).namespace);
  const asked = revision ?? own?.revision ?? null;
  // The label of the namespace wins over what a pod says, but for a namespace that says nothing.
  const injection = kind === 'gatewayApi' ? null : (own?.injection ?? null);
  return askOf({ injection, revision: asked }, tags) ?? { by: 'pods' };
}

/**
 * Whether a tag must not be pointed elsewhere before the gateways are moved. An injected gateway follows it with its next pod. One of
 * the Gateway API is held by a label of its own, but an istiod without a revision hears to the name `default` for as long as it
 * lives: two would run the same gateway.
 */
export function holdsTag(
  gateway: GatewayDeployment,
  tag: string,
  mesh: Pick<DetectedMesh, 'namespaces'>,
  known: { readonly tags: readonly RevisionTag[]; readonly from: string },
): boolean {
  const ask = askOfGateway(gateway, mesh.namespaces, known.tags);
  if (ask === null || tagBehind(ask) !== tag) return false;
  return gateway.kind === 'injected' || (known.from === DEFAULT_REVISION && tag === DEFAULT_TAG);
}
