import type { Sandbox } from '../cluster/state.js';
import { installCurrent, OLD_REVISION } from './install-current.js';
import { kubectl, registerGatewayApi } from './gateways.js';
import { installByHelm } from './install-helm.js';

const NAMESPACE = 'ambient';
const WAYPOINT = 'waypoint';
/** Beside the one that every sandbox has: a DaemonSet shall have somewhere to go to. */
const MORE_NODES = ['node-1', 'node-2'];

/** Installs a mesh with an ambient data plane on three nodes: CNI, ztunnel, and a namespace with its waypoint. */
export async function installAmbient(sandbox: Sandbox): Promise<void> {
  await addNodes(sandbox);
  // Before istiod: it looks for these kinds when it starts.
  await registerGatewayApi(sandbox);
  await installCurrent(sandbox, OLD_REVISION, 'ambient');
  await openAmbient(sandbox);
}

/** The same by the real helm: a release for each part. */
export async function installAmbientByHelm(sandbox: Sandbox): Promise<void> {
  await addNodes(sandbox);
  await registerGatewayApi(sandbox);
  await installByHelm(sandbox, 'ambient');
  await openAmbient(sandbox);
}

async function addNodes(sandbox: Sandbox): Promise<void> {
  const first = JSON.parse(await kubectl(sandbox, ['get', 'node', 'node-0', '-o', 'json'])) as NodeObject;
  const nodes = MORE_NODES.map((name) => nodeLike(first, name));
  await kubectl(sandbox, ['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes }));
}

async function openAmbient(sandbox: Sandbox): Promise<void> {
  const manifests = { apiVersion: 'v1', kind: 'List', items: ambientManifests() };
  await kubectl(sandbox, ['apply', '-f', '-'], JSON.stringify(manifests));
  const inNamespace = ['-n', NAMESPACE, '--timeout=120s'];
  await kubectl(sandbox, ['wait', '--for=create', `deployment/${WAYPOINT}`, ...inNamespace]);
  for (const name of [WAYPOINT, 'web'])
    await kubectl(sandbox, ['rollout', 'status', `deployment/${name}`, ...inNamespace]);
}

interface NodeObject {
  readonly metadata: { readonly annotations?: object; readonly labels?: object };
  readonly status: { readonly allocatable: object; readonly capacity: object; readonly nodeInfo: object };
}

function nodeLike({ metadata, status }: NodeObject, name: string): object {
  const { allocatable, capacity, nodeInfo } = status;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: metadata.annotations,
      labels: { ...metadata.labels, 'kubernetes.io/hostname': name },
    },
    status: { allocatable, capacity, nodeInfo },
  };
}

/** Workloads without sidecars, and the waypoint that istiod runs for them. */
function ambientManifests(): object[] {
  const labels = { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': WAYPOINT };
  const app = { app: 'web' };
  const containers = [{ name: 'web', image: 'registry.example/web:1' }];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: WAYPOINT, namespace: NAMESPACE, labels: { 'istio.io/waypoint-for': 'service' } },
      spec: {
        gatewayClassName: 'istio-waypoint',
        listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: {
        replicas: 3,
        selector: { matchLabels: app },
        template: { metadata: { labels: app }, spec: { containers } },
      },
    },
  ];
}
