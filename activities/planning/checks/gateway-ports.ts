import { groupBy } from '../../../domain/group-by.js';
import { selects, type LabelSelector } from '../../../domain/label-selector.js';
import { ISTIO_NAMESPACE } from '../../../domain/names.js';
import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';
import { isIstiosOwn } from './pinned-filters.js';

/** In 1.6 the container ports of gateways move, and with them the status port (pitfalls 4a.5). */
const MOVED: Readonly<Record<string, string>> = { '80': '8080', '443': '8443', '15020': '15021' };

interface GatewayPods {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that names a port of gateway pods. */
interface Naming {
  readonly kind: string;
  readonly object: KubeObject;
  readonly ports: readonly string[];
  /** What becomes of it where the ports have moved. */
  readonly effect: string;
}

/** From 1.5 to 1.6 what is written for the old container ports stops to hold: rules would be bypassed, probes fail. */
export const gatewayPorts: Check = {
  id: 'MESH042',
  look: async (input) => {
    const { plan, release } = input;
    if (!(plan.route?.from.version ?? '').startsWith('1.5.') || release.version.startsWith('1.5.')) return [];
    const pods = await gatewayPods(input);
    const naming = [
      ...(await authorizationPolicies(input, pods)),
      ...(await networkPolicies(input, pods)),
      ...(await services(input, pods)),
      ...(await healthChecks(input)),
    ];
    const named = naming.filter(({ ports }) => ports.length > 0);
    // A Service may reach a gateway by one of its ports and check its health by another: it is one object to mend.
    return [...groupBy(named, nameOf)].map(([name, entries]) => found(name, entries));
  },
};

async function gatewayPods({ reader, mesh }: CheckInput): Promise<GatewayPods[]> {
  const deployments = await reader.list('apps/v1', 'deployments');
  return deployments
    .filter(({ metadata }) => mesh.gateways.includes(`${metadata.namespace ?? ''}/${metadata.name}`))
    .map((deployment) => ({
      namespace: deployment.metadata.namespace ?? '',
      labels: asWorkload(deployment).spec.template.metadata?.labels ?? {},
    }));
}

async function authorizationPolicies({ reader }: CheckInput, pods: readonly GatewayPods[]): Promise<Naming[]> {
  const policies = await reader.list('security.istio.io/v1beta1', 'authorizationpolicies');
  return policies.map((object) => {
    const spec = (object['spec'] ?? {}) as {
      selector?: LabelSelector;
      rules?: readonly { to?: readonly { operation?: { ports?: string[]; notPorts?: string[] } }[] }[];
    };
    // Those of the root namespace hold for every namespace.
    const { namespace } = object.metadata;
    const here = pods.filter((pod) => namespace === ISTIO_NAMESPACE || pod.namespace === namespace);
    const meant = here.some(({ labels }) => selects(spec.selector ?? {}, labels));
    const operations = (spec.rules ?? []).flatMap(({ to = [] }) => to.map(({ operation = {} }) => operation));
    const ports = operations.flatMap(({ ports: yes = [], notPorts: no = [] }) => [...yes, ...no]);
    return { kind: 'AuthorizationPolicy', object, ports: meant ? moved(ports) : [], effect: 'would be bypassed' };
  });
}

async function networkPolicies({ reader }: CheckInput, pods: readonly GatewayPods[]): Promise<Naming[]> {
  const policies = await reader.list('networking.k8s.io/v1', 'networkpolicies');
  return policies.map((object) => {
    const spec = object['spec'] as {
      podSelector?: LabelSelector;
      ingress?: readonly { ports?: readonly { port?: number | string }[] }[];
    };
    const here = pods.filter(({ namespace }) => namespace === object.metadata.namespace);
    const meant = here.some(({ labels }) => selects(spec.podSelector ?? {}, labels));
    const ports = (spec.ingress ?? []).flatMap(({ ports: some = [] }) => some.map(({ port }) => port));
    return { kind: 'NetworkPolicy', object, ports: meant ? moved(ports) : [], effect: 'would let nothing in' };
  });
}

/** Services of others in front of the gateways: Istio's own is upgraded with them. */
async function services({ reader }: CheckInput, pods: readonly GatewayPods[]): Promise<Naming[]> {
  const all = await reader.list('v1', 'services');
  return all
    .filter((object) => !isIstiosOwn(object))
    .map((object) => {
      const { selector, ports = [] } = object['spec'] as {
        selector?: Readonly<Record<string, string>>;
        ports?: readonly { port: number; targetPort?: number | string }[];
      };
      const here = pods.filter(({ namespace }) => namespace === object.metadata.namespace);
      const meant = selector !== undefined && here.some(({ labels }) => selects({ matchLabels: selector }, labels));
      const targets = ports.map(({ port, targetPort = port }) => targetPort);
      return { kind: 'Service', object, ports: meant ? moved(targets) : [], effect: 'would reach nobody' };
    });
}

/** Health checks of load balancers are written as annotations and as objects of the cloud. */
async function healthChecks({ reader }: CheckInput): Promise<Naming[]> {
  const [ingresses, all, configs] = await Promise.all([
    reader.list('networking.k8s.io/v1', 'ingresses'),
    reader.list('v1', 'services'),
    reader.list('cloud.google.com/v1', 'backendconfigs'),
  ]);
  const effect = 'would call the gateway dead';
  const annotated =
    (kind: string) =>
    (object: KubeObject): Naming => {
      const health = Object.entries(object.metadata.annotations ?? {}).filter(([key]) =>
        /health|backend|neg/i.test(key),
      );
      return { kind, object, ports: /\b15020\b/.test(JSON.stringify(health)) ? ['15020'] : [], effect };
    };
  const ofIstio = (objects: readonly KubeObject[]) =>
    objects.filter(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
  return [
    ...ofIstio(ingresses).map(annotated('Ingress')),
    ...ofIstio(all).map(annotated('Service')),
    ...ofIstio(configs).map((object) => {
      const { healthCheck } = (object['spec'] ?? {}) as { healthCheck?: { port?: number } };
      return { kind: 'BackendConfig', object, ports: healthCheck?.port === 15020 ? ['15020'] : [], effect };
    }),
  ];
}

function moved(ports: readonly (number | string | undefined)[]): string[] {
  return [...new Set(ports.map(String))].filter((port) => port in MOVED);
}

function nameOf({ kind, object }: Naming): string {
  return `${kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function found(name: string, naming: readonly Naming[]): Found {
  const ports = [...new Set(naming.flatMap((entry) => entry.ports))];
  const moves = naming.map((entry) => `${entry.ports.map(movesTo).join(' and ')}, and it ${entry.effect}`);
  return {
    reason: 'GatewayPortsMove',
    message: `${name} names container port ${ports.join(' and ')} of a gateway; from 1.6 on ${moves.join('; ')}.`,
    remedy: `Name both ports before the upgrade: ${ports.map((port) => `${port} and ${MOVED[port] ?? ''}`).join(', ')}.`,
    command: naming.slice(0, 1).map(editCommand).join(''),
  };
}

function editCommand({ kind, object }: Naming): string {
  return `kubectl -n ${object.metadata.namespace ?? ''} edit ${kind.toLowerCase()} ${object.metadata.name}`;
}

function movesTo(port: string): string {
  return `${port} is ${MOVED[port] ?? ''}`;
}
