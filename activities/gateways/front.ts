import type { GatewayFront } from '../../domain/gateway-front.js';
import type { GatewayKind } from '../../domain/injection.js';
import { selects, type LabelSelector } from '../../domain/label-selector.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { asWorkload } from '../workloads/owned-pods.js';

interface ServiceParts {
  readonly spec: {
    readonly type?: string;
    readonly externalTrafficPolicy?: string;
    readonly selector?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { ip?: string; hostname?: string }[] } };
}

/**
 * Reads what people outside rely on: the Services that lead to a gateway's pods with their addresses and traffic policies, and the
 * autoscaler and the disruption budget that keep it. Of what the installer owns, the numbers are the new release's to choose.
 */
export async function readFront(kube: KubeClient, deployment: KubeObject, kind: GatewayKind): Promise<GatewayFront> {
  const { name, namespace = '' } = deployment.metadata;
  const labels = asWorkload(deployment).spec.template.metadata?.labels ?? {};
  const [services, autoscalers, budgets] = await Promise.all([
    kube.list({ api: 'v1', plural: 'services', namespace }),
    kube.list({ api: 'autoscaling/v1', plural: 'horizontalpodautoscalers', namespace }),
    kube.list({ api: 'policy/v1', plural: 'poddisruptionbudgets', namespace }),
  ]);
  const rule = (text: string) => (kind === 'installed' ? 'there' : text);
  return Object.fromEntries([
    ...services.items.filter((service) => leadsTo(service, labels)).flatMap(factsOfService),
    ...autoscalers.items
      .filter((autoscaler) => scales(autoscaler, name))
      .map((autoscaler) => fact('HorizontalPodAutoscaler', autoscaler, 'replicas', rule(limitsOf(autoscaler)))),
    ...budgets.items
      .filter(({ spec }) => selects((spec as { selector?: LabelSelector }).selector ?? { matchLabels: {} }, labels))
      .map((budget) => fact('PodDisruptionBudget', budget, 'rule', rule(ruleOf(budget)))),
  ]);
}

function fact(kind: string, { metadata }: KubeObject, what: string, value: string): [string, string] {
  return [`${kind} ${metadata.namespace ?? ''}/${metadata.name}, ${what}`, value];
}

function leadsTo(service: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const { selector = {} } = (service as unknown as ServiceParts).spec;
  return Object.keys(selector).length > 0 && selects({ matchLabels: selector }, labels);
}

function factsOfService(service: KubeObject): [string, string][] {
  const { spec, status } = service as unknown as ServiceParts;
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').sort();
  return [
    fact('Service', service, 'type', spec.type ?? 'ClusterIP'),
    ...(spec.externalTrafficPolicy === undefined
      ? []
      : [fact('Service', service, 'externalTrafficPolicy', spec.externalTrafficPolicy)]),
    ...(addresses.length === 0 ? [] : [fact('Service', service, 'address', addresses.join(', '))]),
  ];
}

function scales({ spec }: KubeObject, deployment: string): boolean {
  const { scaleTargetRef } = spec as { scaleTargetRef?: { kind: string; name: string } };
  return scaleTargetRef?.kind === 'Deployment' && scaleTargetRef.name === deployment;
}

function limitsOf({ spec }: KubeObject): string {
  const { minReplicas = 1, maxReplicas } = spec as { minReplicas?: number; maxReplicas?: number };
  return `${minReplicas} to ${maxReplicas ?? minReplicas}`;
}

function ruleOf({ spec }: KubeObject): string {
  const { minAvailable, maxUnavailable } = spec as {
    minAvailable?: number | string;
    maxUnavailable?: number | string;
  };
  return minAvailable === undefined ? `maxUnavailable ${maxUnavailable ?? 1}` : `minAvailable ${minAvailable}`;
}
