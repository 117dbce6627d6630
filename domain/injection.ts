import type { DriverName } from './driver.js';
import { COMPONENT_LABEL } from './names.js';
import type { Pod } from './pod.js';
import type { SidecarTarget } from './workload.js';

const INJECT = 'sidecar.istio.io/inject';
const REFUSALS = ['false', 'no', 'off', 'n'];

/** Where the injector of current Istio is told which templates a pod gets; `gateway` makes it a gateway. */
const TEMPLATES = 'inject.istio.io/templates';
/** Label of the Deployments and pods that istiod itself runs for a Gateway of the Gateway API. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

/**
 * Whether the injector gives this pod a sidecar when its namespace asks for one: what opts out is never waited for.
 * 1.5 and 1.6 hear the annotation only; current Istio hears the label first. A gateway runs a proxy and has no sidecar.
 */
export function wantsSidecar(pod: Pick<Pod, 'metadata' | 'spec'>, driver: DriverName = 'asm-1.6'): boolean {
  if (pod.spec.hostNetwork === true) return false;
  const { labels = {}, annotations = {} } = pod.metadata;
  if (driver === 'asm-1.6') return !REFUSALS.includes(annotations[INJECT] ?? '');
  return gatewayKindOf(pod) === null && !REFUSALS.includes(labels[INJECT] ?? annotations[INJECT] ?? '');
}

/** Whether this pod should run the expected proxy: as a workload with a sidecar, or as a gateway, which is nothing else. */
export function wantsProxy(pod: Pick<Pod, 'metadata' | 'spec'>, { driver, of }: SidecarTarget): boolean {
  return of === 'gateways' ? gatewayKindOf(pod) !== null : wantsSidecar(pod, driver);
}

/** How a gateway is deployed: by the installer, by injection into a Deployment of its owner, or by istiod for a Gateway. */
export type GatewayKind = 'installed' | 'injected' | 'gatewayApi';

/** What a pod, or the template of one, is as a gateway; null when it is none. */
export function gatewayKindOf({ metadata = {} }: { readonly metadata?: Partial<Pod['metadata']> }): GatewayKind | null {
  const { labels = {}, annotations = {} } = metadata;
  if (labels[GATEWAY_NAME] !== undefined) return 'gatewayApi';
  if (/\bgateway\b/.test(annotations[TEMPLATES] ?? '')) return 'injected';
  return isInstalledGateway({ component: labels[COMPONENT_LABEL], role: labels['istio'] }) ? 'installed' : null;
}

/** Whether the installer's label of the component, or the role that the charts give the pods, is that of a gateway. */
export function isInstalledGateway({
  component = '',
  role = '',
}: {
  component?: string | undefined;
  role?: string | undefined;
}): boolean {
  return /^(Ingress|Egress)Gateways$/.test(component) || /^(ingress|egress)gateway$/.test(role);
}
