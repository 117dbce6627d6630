/** What a preflight of the cluster has to find, as objects that a test applies to the seeded sandbox and takes away again. */

const service = (name: string, path: string) => ({ service: { namespace: 'istio-system', name, path } });
const PODS = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
const ISTIO = [
  { apiGroups: ['networking.istio.io'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] },
];

function webhook(kind: 'Mutating' | 'Validating', name: string, entry: object): object {
  const common = { sideEffects: 'None', admissionReviewVersions: ['v1beta1', 'v1'], name: `${name}.example.com` };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [{ ...common, ...entry }],
  };
}

/** A control plane of a version, as far as can be seen of it; nothing runs. */
export function istiod(name: string, revision: string, tag: string): object {
  const labels = { app: 'istiod', 'istio.io/rev': revision };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'istio-system', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'discovery', image: `gcr.io/istio-release/pilot:${tag}` }] },
      },
    },
  };
}

const istio = (kind: string, name: string, spec: object, labels: object = {}) => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind,
  metadata: { name, namespace: 'edge', labels },
  spec,
});

const route = [{ route: [{ destination: { host: 'web' } }] }];

/** Objects that are only made, and deleted again. */
export const SITUATIONS: readonly object[] = [
  istiod('istiod-older', 'older', '1.6.5'),
  istiod('istiod-oldest', 'oldest', '1.6.2'),
  istiod('istiod-asm-1614-2', 'asm-1614-2', '1.6.14-asm.1'),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-operator' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'istio-operator', namespace: 'istio-operator' },
    spec: {
      selector: { matchLabels: { name: 'istio-operator' } },
      template: {
        metadata: { labels: { name: 'istio-operator' } },
        spec: { containers: [{ name: 'operator', image: 'gcr.io/istio-release/operator:1.6.13' }] },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'twice', labels: { 'istio-injection': 'enabled', twice: 'yes' } },
  },
  webhook('Mutating', 'istio-sidecar-injector-twice', {
    clientConfig: service('istiod', '/inject'),
    failurePolicy: 'Fail',
    namespaceSelector: { matchLabels: { twice: 'yes' } },
    rules: PODS,
  }),
  webhook('Mutating', 'left-over', {
    clientConfig: service('gone', '/mutate'),
    failurePolicy: 'Fail',
    namespaceSelector: { matchLabels: { nobody: 'here' } },
    rules: PODS,
  }),
  webhook('Validating', 'blind', {
    clientConfig: service('istiod', '/validate'),
    failurePolicy: 'Ignore',
    objectSelector: { matchLabels: { nobody: 'here' } },
    rules: ISTIO,
  }),
  istio('EnvoyFilter', 'limits', {
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: { context: 'SIDECAR_INBOUND', proxy: { proxyVersion: '^1\\.5.*' } },
        patch: { operation: 'MERGE', value: {} },
      },
    ],
  }),
  istio('VirtualService', 'bound', { hosts: ['bound.example'], http: route }, { 'istio.io/rev': 'default' }),
  istio('VirtualService', 'lost', { hosts: ['lost.example'], gateways: ['nowhere'], http: route }),
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'remote-east', namespace: 'istio-system', labels: { 'istio/multiCluster': 'true' } },
    stringData: { east: 'apiVersion: v1' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cacerts', namespace: 'istio-system' },
    stringData: { 'root-cert.pem': 'another root', 'ca-cert.pem': 'another' },
  },
  {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'only-http', namespace: 'istio-system' },
    spec: {
      selector: { matchLabels: { istio: 'ingressgateway' } },
      rules: [{ to: [{ operation: { ports: ['80'] } }] }],
    },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'let-in', namespace: 'istio-system' },
    spec: { podSelector: { matchLabels: { app: 'istio-ingressgateway' } }, ingress: [{ ports: [{ port: 443 }] }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'own-balancer',
      namespace: 'istio-system',
      annotations: { 'service.beta.kubernetes.io/aws-load-balancer-healthcheck-port': '15020' },
    },
    spec: { selector: { istio: 'ingressgateway' }, ports: [{ name: 'http', port: 8000, targetPort: 80 }] },
  },
];

/** What a GitOps tool would have applied, by the name that it writes under. */
export const APPLIED_BY: Readonly<Record<string, object>> = {
  'argocd-controller': {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'catalog', labels: { 'istio-injection': 'enabled', 'argocd.argoproj.io/instance': 'shop' } },
  },
  'kustomize-controller': {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'cart',
      namespace: 'cart',
      labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
    },
  },
};
