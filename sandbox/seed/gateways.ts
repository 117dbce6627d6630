import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moduleDir } from '../binaries/go.js';
import type { Sandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';

/** The version that the go.mod of the pinned Istio names. */
const GATEWAY_API = 'v1.6.0';
const NAMESPACE = 'edge-gateway';
/** Of a gateway that is injected, its Service and its selector. */
const INJECTED = 'edge-gateway';
/** Of a Gateway of the Gateway API: istiod makes a Deployment and a Service `public-istio` for it. */
const DECLARED = 'public';
/** Where documentation addresses lie (RFC 5737): what a cloud would give to Services of type LoadBalancer. */
const ADDRESSES = '203.0.113';

/** Registers the kinds of the Gateway API, from the module that current Istio itself is built with. */
export async function registerGatewayApi(sandbox: Sandbox): Promise<void> {
  const source = await moduleDir('sigs.k8s.io/gateway-api', GATEWAY_API, { dir: tmpdir() });
  const folder = join(source, 'config', 'crd', 'standard');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  // They are larger than what an annotation may hold.
  await kubectl(sandbox, ['apply', '--server-side', '-f', '-'], texts.join('\n---\n'));
  await kubectl(sandbox, [
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    'crd/gateways.gateway.networking.k8s.io',
  ]);
}

/**
 * Opens a gateway of each kind beside the one that istioctl installs: one that is injected (an own Deployment, image
 * `auto`), and one that istiod makes for a Gateway of the Gateway API.
 * @param labels of their namespace: without any the injected one asks by itself, and the Gateway follows the default
 */
export async function openGateways(sandbox: Sandbox, labels: Readonly<Record<string, string>>): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: gatewayManifests(labels) };
  await kubectl(sandbox, ['apply', '-f', '-'], JSON.stringify(list));
  const inNamespace = ['-n', NAMESPACE, '--timeout=120s'];
  await kubectl(sandbox, ['rollout', 'status', `deployment/${INJECTED}`, ...inNamespace]);
  await kubectl(sandbox, ['wait', '--for=create', `deployment/${DECLARED}-istio`, ...inNamespace]);
  await kubectl(sandbox, ['rollout', 'status', `deployment/${DECLARED}-istio`, ...inNamespace]);
  await giveAddresses(sandbox);
  await kubectl(sandbox, [
    'wait',
    '--for=condition=Programmed',
    `gateways.gateway.networking.k8s.io/${DECLARED}`,
    ...inNamespace,
  ]);
}

/** There is no cloud that would. */
async function giveAddresses(sandbox: Sandbox): Promise<void> {
  const template = '{range .items[?(@.spec.type=="LoadBalancer")]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
  const found = await kubectl(sandbox, ['get', 'services', '-A', '-o', `jsonpath=${template}`]);
  for (const [index, line] of found.split('\n').filter(Boolean).entries()) {
    const [namespace = '', name = ''] = line.split('/');
    const status = { loadBalancer: { ingress: [{ ip: `${ADDRESSES}.${index + 1}` }] } };
    await kubectl(sandbox, [
      'patch',
      'service',
      name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ]);
  }
}

function gatewayManifests(labels: Readonly<Record<string, string>>): object[] {
  const metadata = { name: INJECTED, namespace: NAMESPACE, labels: { app: INJECTED, istio: INJECTED } };
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: INJECTED };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        selector: { istio: INJECTED },
        ports: [
          { name: 'http2', port: 80, targetPort: 8080 },
          { name: 'https', port: 443, targetPort: 8443 },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 2, selector: { matchLabels: { istio: INJECTED } }, template: injectedTemplate() },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: { scaleTargetRef: reference, minReplicas: 2, maxReplicas: 5, metrics: [CPU] },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { minAvailable: 1, selector: { matchLabels: { istio: INJECTED } } },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: DECLARED, namespace: NAMESPACE },
      spec: {
        gatewayClassName: 'istio',
        listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
      },
    },
  ];
}

const CPU = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };

/** What the namespace's revision fills in: image `auto` is the one that its istiod puts there. */
function injectedTemplate(): object {
  return {
    metadata: {
      labels: { app: INJECTED, istio: INJECTED, 'sidecar.istio.io/inject': 'true' },
      annotations: { 'inject.istio.io/templates': 'gateway' },
    },
    spec: {
      serviceAccountName: INJECTED,
      containers: [{ name: 'istio-proxy', image: 'auto', resources: { requests: { cpu: '100m' } } }],
    },
  };
}

/** Runs the sandbox's kubectl as its administrator. */
export function kubectl(sandbox: Sandbox, args: readonly string[], input?: string): Promise<string> {
  const options = input === undefined ? {} : { input };
  return runTool(sandbox.kubectl, ['--kubeconfig', sandbox.adminKubeconfig, ...args], options);
}
