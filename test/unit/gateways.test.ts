import { describe, expect, it } from 'vitest';
import { lostFromFront } from '../../domain/gateway-front.js';
import { askOfGateway, canaryName, inOrder } from '../../domain/gateways.js';
import { wantsProxy } from '../../domain/injection.js';
import type { DetectedMesh, GatewayDeployment, NamespaceInjection, RevisionTag } from '../../domain/plan.js';
import { revisionedCommands, revisionedRollbackCommands } from '../../domain/revisioned-commands.js';
import { divideRevisioned } from '../../domain/revisioned-waves.js';

const DEFAULT: RevisionTag = { tag: 'default', revision: '1-30-3' };
const STABLE: RevisionTag = { tag: 'prod-stable', revision: '1-30-3' };
const OPTIONS = { exclude: [] };

const space = (namespace: string, labels: Partial<NamespaceInjection> = {}): NamespaceInjection => ({
  namespace,
  injection: null,
  revision: null,
  podsByProxy: { '1.30.3': 2 },
  workloads: 1,
  ...labels,
});
const injected: GatewayDeployment = { deployment: 'gw/edge', kind: 'injected' };
const declared: GatewayDeployment = { deployment: 'gw/public-istio', kind: 'gatewayApi', declared: 'public' };
const installed: GatewayDeployment = { deployment: 'istio-system/istio-ingressgateway', kind: 'installed' };

function mesh(
  gateways: readonly GatewayDeployment[],
  namespaces: readonly NamespaceInjection[],
  { tags = [DEFAULT], revision = '1-30-3' }: { tags?: readonly RevisionTag[]; revision?: string } = {},
): DetectedMesh {
  return {
    cluster: 'c',
    kubernetes: '1.35',
    controlPlanes: [{ revision, deployment: 'istiod', version: '1.30.3', ready: true }],
    namespaces,
    gateways: [],
    tags,
    gatewayDeployments: gateways,
  };
}

describe('what a gateway asks for', () => {
  const tags = [DEFAULT, STABLE];

  it.each([
    ['its own label first', { ...declared, revision: '1-30-3' }, space('gw', { revision: 'prod-stable' }), 'revision'],
    ['then its namespace', declared, space('gw', { revision: 'prod-stable' }), 'tag'],
    ['then the default tag', injected, space('gw'), 'pods'],
    ['the installer alone decides over its own', installed, space('istio-system'), null],
    ['the Gateway API does not hear istio-injection', declared, space('gw', { injection: 'disabled' }), 'pods'],
  ] as const)('%s', (_, gateway, namespace, by) => {
    expect(askOfGateway(gateway, [namespace], tags)?.by ?? null).toBe(by);
  });
});

describe('the wave of the gateways', () => {
  const shop = space('shop', { injection: 'enabled', podsByRevision: { '1-30-3': 2 } });

  it('begins with those that their own label moves, and ends with those of the installer', () => {
    expect(inOrder([installed, injected, declared]).map(({ kind }) => kind)).toEqual([
      'gatewayApi',
      'injected',
      'installed',
    ]);
  });

  it('holds a tag back that an injected gateway follows', () => {
    const { tags } = divideRevisioned(mesh([injected], [shop, space('gw')]), { from: '1-30-3', to: 'new' }, OPTIONS);
    expect(tags).toEqual([{ tag: 'default', wave: 'gateways', namespaces: ['shop'], gateways: ['gw/edge'] }]);
  });

  it('does not hold a tag for a declared gateway, which has a label of its own meanwhile', () => {
    const { tags } = divideRevisioned(mesh([declared], [shop, space('gw')]), { from: '1-30-3', to: 'new' }, OPTIONS);
    expect(tags).toEqual([{ tag: 'default', wave: 'canary', namespaces: ['shop'] }]);
  });

  it('holds the default tag for it where the old istiod has no revision: that one would go on hearing to it', () => {
    const plain = mesh([declared], [shop, space('gw')], { tags: [], revision: 'default' });
    const { tags } = divideRevisioned(plain, { from: 'default', to: 'new' }, OPTIONS);
    expect(tags).toEqual([{ tag: 'default', wave: 'gateways', namespaces: ['shop'] }]);
  });

  it('leaves the gateways of an excluded namespace alone', () => {
    const excluded = mesh([injected], [shop, space('gw', { revision: '1-30-3' })]);
    const { waves } = divideRevisioned(excluded, { from: '1-30-3', to: 'new' }, { exclude: ['gw'] });
    expect(waves.flatMap(({ gateways = [] }) => gateways)).toEqual([]);
  });

  it('is told as commands: labels that hold, then each gateway in its own way', () => {
    const { waves, tags } = divideRevisioned(
      mesh([installed, injected, declared], [shop, space('gw')]),
      { from: '1-30-3', to: '1-31-0' },
      OPTIONS,
    );
    const side = (revision: string, version: string) => ({
      version,
      revision,
      sidecar: { driver: 'istio-revisioned' as const, revision, proxyTag: version },
    });
    const commands = revisionedCommands({
      release: { profile: 'default', revision: '1-31-0' },
      options: { set: [], overlays: [] },
      waves,
      tags,
      route: { driver: 'istio-revisioned', from: side('1-30-3', '1.30.3'), to: side('1-31-0', '1.31.0') },
    });
    const label = (revision: string) =>
      `kubectl label gateways.gateway.networking.k8s.io public -n gw istio.io/rev=${revision} --overwrite`;
    const place = (text: string) => commands.findIndex((command) => command.startsWith(text));
    const order = [
      label('1-30-3'),
      label('1-31-0'),
      'istioctl tag set default',
      'kubectl rollout restart deployment edge -n gw',
      'kubectl delete deployment edge-1-31-0 -n gw',
    ].map(place);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(commands.filter((command) => command.startsWith('istioctl install'))).toHaveLength(2);
  });
});

describe('going back by hand', () => {
  const side = (revision: string, version: string) => ({
    version,
    revision,
    sidecar: { driver: 'istio-revisioned' as const, revision, proxyTag: version },
  });
  const route = { driver: 'istio-revisioned' as const, from: side('1-30-3', '1.30.3'), to: side('1-31-0', '1.31.0') };
  const waves = [{ name: 'gateways', namespaces: [], gate: 'finalize', gateways: [declared, injected, installed] }];

  it('brings every gateway back before the control plane that it may run on goes', () => {
    const commands = revisionedRollbackCommands({ route, tags: [], namespaces: ['shop'], waves });
    const place = (text: string) => commands.findIndex((command) => command.includes(text));
    const order = [
      'namespace shop',
      'public -n gw istio.io/rev=1-30-3',
      'delete deployment edge-1-31-0 -n gw',
      'Deployment istio-system/istio-ingressgateway back',
      'istioctl uninstall --revision 1-31-0',
    ].map(place);
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('has Helm take away what Helm has installed', () => {
    const commands = revisionedRollbackCommands({
      route: { ...route, installer: 'helm' },
      tags: [],
      namespaces: [],
      waves: [],
    });
    expect(commands.at(-1)).toBe('helm uninstall istiod-1-31-0 -n istio-system');
  });
});

describe('the wave of what runs on every node', () => {
  const shop = space('shop', { revision: '1-30-3', podsByRevision: { '1-30-3': 2 } });
  const agents = [
    { daemonSet: 'istio-system/istio-cni-node', kind: 'cni' as const, version: '1.30.3' },
    { daemonSet: 'istio-system/ztunnel', kind: 'ztunnel' as const, version: '1.30.3' },
  ];
  const waypoint: GatewayDeployment = { ...declared, deployment: 'ambient/waypoint', waypoint: true };

  it('comes after the workloads and before the gateways, with the waypoints', () => {
    const ambient = { ...mesh([waypoint, installed], [shop]), nodeAgents: agents };
    const { waves } = divideRevisioned(ambient, { from: '1-30-3', to: 'new' }, OPTIONS);
    expect(waves).toEqual([
      expect.objectContaining({ name: 'canary', gate: 'canary' }),
      { name: 'nodes', namespaces: [], gate: 'nodes', agents, gateways: [waypoint] },
      { name: 'gateways', namespaces: [], gate: 'finalize', gateways: [installed] },
    ]);
  });

  it('ends with the last gate where there is no gateway', () => {
    const { waves } = divideRevisioned(
      { ...mesh([], [shop]), nodeAgents: agents },
      { from: '1-30-3', to: 'new' },
      OPTIONS,
    );
    expect(waves.map(({ name, gate }) => [name, gate])).toEqual([
      ['canary', 'canary'],
      ['nodes', 'finalize'],
    ]);
  });
});

describe('what stands in front of a gateway', () => {
  const before = { 'Service gw/edge, address': '203.0.113.2', 'Service gw/edge, type': 'LoadBalancer' };

  it('may get more, and must not lose or change anything', () => {
    expect(lostFromFront(before, { ...before, 'PodDisruptionBudget gw/edge, rule': 'minAvailable 1' })).toEqual([]);
    expect(lostFromFront(before, { 'Service gw/edge, type': 'ClusterIP' })).toEqual([
      'Service gw/edge, address was 203.0.113.2 and is gone',
      'Service gw/edge, type was LoadBalancer and is ClusterIP',
    ]);
  });
});

describe('the pods of a gateway', () => {
  const sidecar = { driver: 'istio-revisioned' as const, revision: 'new', proxyTag: '1.31.0' };
  const pod = (annotations: Record<string, string>) => ({
    metadata: { name: 'p', annotations },
    spec: { containers: [] },
  });

  it('are waited for where gateways are moved, and nowhere else', () => {
    const gateway = pod({ 'inject.istio.io/templates': 'gateway' });
    expect(wantsProxy(gateway, sidecar)).toBe(false);
    expect(wantsProxy(gateway, { ...sidecar, of: 'gateways' })).toBe(true);
    expect(wantsProxy(pod({}), { ...sidecar, of: 'gateways' })).toBe(false);
  });

  it('have a canary that is named for its gateway and revision', () => {
    expect(canaryName('edge', '1-31-0')).toBe('edge-1-31-0');
  });
});
