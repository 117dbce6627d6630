import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding, Plan } from '../../domain/plan.js';
import { preflightOf } from '../e2e/support/cluster-preflight.js';
import { eventually } from '../e2e/support/eventually.js';
import { namespace, object, workload, type Manifest } from '../e2e/support/manifests.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';

const TARGET = '1.31.0';
const OLD = '1-30-3';
const ASKS = { 'istio.io/rev': OLD };
const oldProxy = { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.27.4' };
const OLD_GATEWAYS = 'gateways.gateway.networking.k8s.io';
const AS_GATEWAY = { annotations: { 'inject.istio.io/templates': 'gateway' } };

interface Situation {
  readonly title: string;
  readonly objects: readonly Manifest[];
  /** The check, how bad, and what its sentence must name. */
  readonly expected: readonly (readonly [check: string, severity: Finding['severity'], names: string])[];
}

/** Traps of pitfalls 4b to 4d that are those of current Istio alone. */
const SITUATIONS: readonly Situation[] = [
  {
    title: 'gateways on the ports of their nodes',
    objects: [namespace('i-nodes', ASKS), workload('DaemonSet', 'i-nodes/ingress', {}, AS_GATEWAY)],
    expected: [['MESH055', 'blocker', 'DaemonSet i-nodes/ingress']],
  },
  {
    title: 'gateways of the installer in another namespace',
    objects: [
      namespace('i-elsewhere', {}),
      workload('Deployment', 'i-elsewhere/egress', {}, { labels: { istio: 'egressgateway' } }),
    ],
    expected: [['MESH055', 'blocker', 'outside istio-system']],
  },
  {
    title: 'a gateway that the target would not install again',
    objects: [
      workload(
        'Deployment',
        'istio-system/partners',
        {},
        { labels: { 'operator.istio.io/component': 'IngressGateways' } },
      ),
    ],
    expected: [['MESH055', 'blocker', 'would not install istio-system/partners']],
  },
  {
    title: 'a ztunnel that nobody would replace, two minors behind',
    objects: [
      namespace('i-ambient', { 'istio.io/dataplane-mode': 'ambient' }),
      workload(
        'DaemonSet',
        'i-ambient/ztunnel',
        { updateStrategy: { type: 'OnDelete' } },
        { spec: { containers: [{ name: 'istio-proxy', image: 'docker.io/istio/ztunnel:1.29.1-distroless' }] } },
      ),
    ],
    expected: [
      ['MESH055', 'blocker', 'would not install DaemonSet i-ambient/ztunnel'],
      ['MESH055', 'blocker', 'update strategy OnDelete'],
      ['MESH058', 'blocker', 'DaemonSet i-ambient/ztunnel'],
    ],
  },
  {
    title: 'a pod template that names the old revision, and a gateway that does',
    objects: [
      namespace('i-named', ASKS),
      workload('Deployment', 'i-named/web', {}, { labels: ASKS }),
      namespace('i-bare', {}),
      workload(
        'Deployment',
        'i-bare/edge',
        {},
        { ...AS_GATEWAY, labels: { ...ASKS, 'sidecar.istio.io/inject': 'true' } },
      ),
    ],
    expected: [
      ['MESH073', 'blocker', 'Deployment i-named/web asks for revision 1-30-3'],
      ['MESH073', 'blocker', 'Deployment i-bare/edge asks for revision 1-30-3'],
    ],
  },
  {
    title: 'a pod template that pins its proxy',
    objects: [
      namespace('i-pinned', ASKS),
      workload('Deployment', 'i-pinned/web', {}, { annotations: { 'sidecar.istio.io/proxyImage': 'r.example/p:1' } }),
    ],
    expected: [['MESH022', 'blocker', 'Deployment i-pinned/web']],
  },
  {
    title: 'a proxy that nobody has restarted for years',
    objects: [
      namespace('i-old', {}),
      object('v1 Pod', 'i-old/relic', { spec: { containers: [{ name: 'app', image: 'a:1' }, oldProxy] } }),
    ],
    expected: [['MESH053', 'warning', 'i-old: 1']],
  },
  {
    title: 'a namespace with both labels',
    objects: [namespace('i-both', { 'istio-injection': 'enabled', ...ASKS })],
    expected: [['MESH025', 'warning', 'i-both']],
  },
];
const EXPECTED = SITUATIONS.flatMap(({ title, expected }) =>
  expected.map(([check, severity, names]) => ({ title, check, severity, names })),
);

describe('the preflight of current Istio', () => {
  let mesh: Mesh;
  let plan: Plan;
  beforeAll(async () => {
    mesh = await startMesh('istio-preflight', 'istio', { scenario: 'labels' });
  });
  afterAll(async () => mesh.stop());

  const ask = async (options: object = {}): Promise<Plan> => {
    const body = { cluster: mesh.cluster, release: TARGET, options };
    const answer = await mesh.api.request<Plan>('POST', '/v1/plans', body);
    if (answer.status !== 200) throw new Error(`the plan answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const isFound = ({ check, severity, names }: (typeof EXPECTED)[number]) =>
    plan.findings.some(
      (found) => found.check === check && found.severity === severity && found.message.includes(names),
    );

  it('finds nothing that blocks in the demo shop', async () => {
    plan = await ask();
    expect(plan.findings.filter(({ severity }) => severity === 'blocker' || severity === 'unknown')).toEqual([]);
  });

  it('has every situation made', async () => {
    const items = SITUATIONS.flatMap(({ objects }) => objects);
    const answer = await mesh.facts.apply({ apiVersion: 'v1', kind: 'List', items });
    expect(answer).not.toMatch(/error|invalid|forbidden/i);
    await eventually('the findings of all situations', async () => {
      plan = await ask({ exclude: ['accounts'] });
      return EXPECTED.every(isFound);
    }).catch(() => undefined);
  });

  it.each(EXPECTED)('$title: $check is a $severity that names $names', (expected) => {
    const told = plan.findings.filter(({ check }) => check === expected.check);
    expect(isFound(expected), JSON.stringify(told, null, 2)).toBe(true);
  });

  it('tells of sidecars that an excluded namespace keeps on the old control plane', () => {
    const told = plan.findings.filter(({ check }) => check === 'MESH071').map(({ message }) => message);
    expect(told).toContainEqual(expect.stringContaining('Namespace accounts is excluded'));
  });

  it('refuses to skip a minor, and warns of the end of support of the one that runs', async () => {
    const findings = await preflightOf(mesh.sandbox, {
      release: TARGET,
      plan: (made) => ({
        ...made,
        route: made.route && { ...made.route, from: { ...made.route.from, version: '1.27.9' } },
      }),
    });
    const about = (id: string) => findings.filter(({ check }) => check === id);
    expect(about('MESH052')).toMatchObject([{ severity: 'blocker' }]);
    expect(about('MESH054').map(({ message }) => message)).toContainEqual(expect.stringContaining('1.27'));
  });

  it('refuses a control plane that belongs to the Sail Operator', async () => {
    await ownBySail(mesh);
    const { findings } = await ask();
    const told = findings.filter(({ check }) => check === 'MESH055').map(({ message }) => message);
    expect(told).toContainEqual(expect.stringContaining('belongs to the Sail Operator'));
  });

  it('warns of a Gateway API that is too old for the target, and does not wait for an analysis that never ends', async () => {
    await mesh.facts.apply(oldGatewayApi());
    await mesh.facts.run('wait', '--for=condition=Established', '--timeout=30s', `crd/${OLD_GATEWAYS}`);
    const { findings } = await ask();
    const about = (id: string) => findings.filter(({ check }) => check === id);
    expect(about('MESH056')).toMatchObject([
      { severity: 'warning', message: expect.stringContaining(OLD_GATEWAYS) as string },
    ]);
    expect(about('MESH045')).toMatchObject([{ severity: 'unknown' }]);
  });
});

/** As the Sail Operator marks what it keeps: owned by an IstioRevision. */
async function ownBySail({ facts }: Mesh): Promise<void> {
  await facts.apply(crd('sailoperator.io', 'IstioRevision', ['v1']));
  await facts.run('wait', '--for=condition=Established', '--timeout=30s', 'crd/istiorevisions.sailoperator.io');
  await facts.apply({ apiVersion: 'sailoperator.io/v1', kind: 'IstioRevision', metadata: { name: OLD } });
  const [revision] = await facts.list('istiorevisions.sailoperator.io');
  const owner = { apiVersion: 'sailoperator.io/v1', kind: 'IstioRevision', name: OLD, uid: revision?.metadata.uid };
  const patch = JSON.stringify({ metadata: { ownerReferences: [{ ...owner, controller: true }] } });
  await facts.run('patch', 'deployment', `istiod-${OLD}`, '-n', 'istio-system', '--type=merge', '-p', patch);
}

function oldGatewayApi(): Manifest {
  const approved = { 'api-approved.kubernetes.io': 'unapproved, a test' };
  return crd('gateway.networking.k8s.io', 'Gateway', ['v1beta1'], approved);
}

function crd(group: string, kind: string, versions: readonly string[], annotations: object = {}): Manifest {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations },
    spec: {
      group,
      scope: kind === 'Gateway' ? 'Namespaced' : 'Cluster',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  };
}
