import { CANARY_LABEL } from '../../domain/gateways.js';
import { GATEWAY_NAME, gatewayKindOf } from '../../domain/injection.js';
import { REVISION_LABEL } from '../../domain/names.js';
import type { GatewayDeployment } from '../../domain/plan.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';
import { asWorkload } from '../workloads/owned-pods.js';

const GATEWAY_CLASS = 'gateway.networking.k8s.io/gateway-class-name';
const WAYPOINT_CLASS = 'istio-waypoint';

/** What people declare of the Gateway API, and istiod runs. */
const DECLARED: Resource = { api: 'gateway.networking.k8s.io/v1', plural: 'gateways' };

/** Every gateway of a mesh that runs as a Deployment. */
export async function detectGateways(kube: KubeClient): Promise<GatewayDeployment[]> {
  return gatewaysAmong(kube, (await kube.list({ api: 'apps/v1', plural: 'deployments' })).items);
}

/**
 * The gateways among some Deployments. A canary of an earlier try is no gateway of its own. The Gateway API is asked only where it
 * is used: most clusters do not have it, and not everybody may read it.
 */
export async function gatewaysAmong(
  kube: KubeClient,
  deployments: readonly KubeObject[],
): Promise<GatewayDeployment[]> {
  const own = deployments.filter(({ metadata }) => metadata.labels?.[CANARY_LABEL] === undefined);
  const isDeclared = own.some((deployment) => ownerOf(deployment) !== undefined);
  const declared = isDeclared ? (await kube.list(DECLARED)).items : [];
  return own.flatMap((deployment) => gatewayOf(deployment, declared));
}

/** Name of the Gateway that a Deployment is run for. */
function ownerOf(deployment: KubeObject): string | undefined {
  return asWorkload(deployment).spec.template.metadata?.labels?.[GATEWAY_NAME];
}

function gatewayOf(deployment: KubeObject, declared: readonly KubeObject[]): GatewayDeployment[] {
  const { template } = asWorkload(deployment).spec;
  const kind = gatewayKindOf(template);
  const { name, namespace = '' } = deployment.metadata;
  if (kind === null) return [];
  const gateway = { deployment: `${namespace}/${name}`, kind };
  if (kind !== 'gatewayApi') return [{ ...gateway, ...revisionIn(template.metadata?.labels) }];
  const owner = ownerOf(deployment) ?? '';
  const wish = declared.find(({ metadata }) => metadata.namespace === namespace && metadata.name === owner);
  const isWaypoint = template.metadata?.labels?.[GATEWAY_CLASS] === WAYPOINT_CLASS;
  return [
    {
      ...gateway,
      declared: owner,
      ...revisionIn(wish?.metadata.labels),
      ...(isWaypoint && { waypoint: true as const }),
    },
  ];
}

function revisionIn(labels: Readonly<Record<string, string>> = {}): Pick<GatewayDeployment, 'revision'> {
  const { [REVISION_LABEL]: revision } = labels;
  return revision === undefined ? {} : { revision };
}
