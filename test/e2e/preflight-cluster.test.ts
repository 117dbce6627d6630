import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Finding, Plan } from '../../domain/plan.js';
import { generateKeyPairSync } from 'node:crypto';
import { preflightOf, type Circumstances } from './support/cluster-preflight.js';
import { APPLIED_BY, SITUATIONS } from './support/cluster-situations.js';
import { startMesh, type Mesh } from './support/mesh.js';

/** The plan as it would be if the mesh came from there. */
const from = (version: string) => (plan: Plan) =>
  ({ ...plan, route: plan.route && { ...plan.route, from: { ...plan.route.from, version } } }) satisfies Plan;

describe('the preflight of a cluster', () => {
  let mesh: Mesh;
  let clean: readonly Finding[];
  const ask = (about: Circumstances = {}) => preflightOf(mesh.sandbox, about);
  const of = (findings: readonly Finding[], check: string) => findings.filter((finding) => finding.check === check);
  const said = (findings: readonly Finding[], check: string) =>
    of(findings, check)
      .map(({ severity, message }) => `${severity}: ${message}`)
      .join('\n');
  const kubectl = (...args: string[]) => mesh.facts.run(...args);
  const patch = (kind: string, name: string, body: object) =>
    kubectl('patch', kind, name, '-n', 'istio-system', '--type', 'merge', '-p', JSON.stringify(body));
  const apply = async (manifest: object) => {
    const answer = await mesh.facts.apply(manifest);
    if (/error|forbidden|denied/i.test(answer)) throw new Error(answer);
  };

  beforeAll(async () => {
    mesh = await startMesh('preflight-cluster');
    clean = await ask();
  });
  afterAll(() => mesh.stop());

  it('finds nothing that keeps the seeded mesh from its upgrade, through the API as well', async () => {
    const serious = (findings: readonly Finding[]) =>
      findings.filter(({ severity }) => severity === 'blocker' || severity === 'unknown');
    expect(serious(clean)).toEqual([]);
    const body = { cluster: mesh.cluster, release: '1.6.14-asm.2', options: {} };
    const { status, body: plan } = await mesh.api.request<Plan>('POST', '/v1/plans', body);
    expect(status).toBe(200);
    expect(serious(plan.findings)).toEqual([]);
    expect(plan.checks?.filter(({ verdict }) => verdict === 'unknown')).toEqual([]);
  });

  describe('in which much is wrong at once', () => {
    let found: readonly Finding[];
    let mended: readonly Finding[];

    beforeAll(async () => {
      const put = await putInOrder(mesh);
      await apply({ apiVersion: 'v1', kind: 'List', items: SITUATIONS });
      for (const [manager, object] of Object.entries(APPLIED_BY)) await applyAs(mesh, manager, object);
      await put.disturb();
      found = await ask();
      await put.restore();
      for (const [manager, object] of Object.entries(APPLIED_BY)) await applyAs(mesh, manager, withoutLabels(object));
      await kubectl('uncordon', 'node-0');
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: SITUATIONS });
      await mesh.facts.remove(list);
      mended = await ask();
    });

    it.each([
      ['MESH014', 'warning', 'istio-system/istiod-older (1.6.5)'],
      ['MESH014', 'blocker', 'istio-system/istiod-oldest runs 1.6.2; the way to 1.6.14-asm.2 starts at 1.6.4'],
      ['MESH015', 'blocker', 'asm-1614-2 is there already, with version 1.6.14-asm.1'],
      ['MESH033', 'warning', 'Deployment istio-system/istiod'],
      ['MESH034', 'warning', 'Wave rest'],
      ['MESH036', 'blocker', 'Deployment istio-operator/istio-operator'],
      ['MESH037', 'blocker', 'Argo CD (shop) keeps Namespace catalog'],
      ['MESH037', 'info', 'Flux (flux-system/apps) keeps Deployment cart/cart'],
      ['MESH038', 'blocker', 'IstioOperator istio-system/installed-state holds 1 settings'],
      ['MESH039', 'blocker', 'ConfigMap istio of istio-system'],
      ['MESH040', 'blocker', 'Secret istio-system/cacerts'],
      ['MESH041', 'blocker', 'sidecars.networking.istio.io v9'],
      ['MESH043', 'blocker', 'EnvoyFilter edge/limits'],
      ['MESH044', 'blocker', 'VirtualService edge/bound'],
      ['MESH045', 'warning', 'VirtualService lost.edge'],
      ['MESH047', 'blocker', 'A pod of namespace twice gets sidecars from 2 webhooks'],
      [
        'MESH048',
        'blocker',
        'MutatingWebhookConfiguration left-over (left-over.example.com) calls Service istio-system/gone',
      ],
      ['MESH049', 'warning', 'ValidatingWebhookConfiguration blind (blind.example.com) has failurePolicy Ignore'],
      ['MESH049', 'warning', 'ValidatingWebhookConfiguration blind (blind.example.com) has no caBundle'],
      ['MESH050', 'blocker', 'accounts'],
      ['MESH051', 'warning', 'istio-system/remote-east'],
    ])('%s is a %s that names %s', (check, severity, words) => {
      expect(said(found, check)).toContain(`${severity}: `);
      const named = of(found, check).filter((finding) => finding.severity === severity);
      expect(named.map(({ message }) => message).join('\n')).toContain(words);
    });

    it('shows as a diff, and as options, what the new control plane would lose', () => {
      const [options] = of(found, 'MESH038');
      expect(options?.diff).toBe('- values.pilot.traceSampling: 42\n+ values.pilot.traceSampling: 1');
      expect(options?.command).toContain('--set values.pilot.traceSampling=42');
      expect(of(found, 'MESH039')[0]?.diff).toContain('- ConfigMap istio.mesh.accessLogFile: /dev/stdout');
    });

    it('prints the rules that make Argo CD and Flux leave the fields alone', () => {
      const commands = of(found, 'MESH037').map(({ command }) => command ?? '');
      expect(commands.find((command) => command.includes('# Application shop'))).toBe(
        [
          '# Application shop: leave these fields alone for as long as the run lasts',
          'spec:',
          '  ignoreDifferences:',
          '    - kind: Namespace',
          '      jsonPointers:',
          '        - /metadata/labels/istio-injection',
          '        - /metadata/labels/istio.io~1rev',
          '  syncPolicy:',
          '    syncOptions:',
          '      - RespectIgnoreDifferences=true',
        ].join('\n'),
      );
      expect(commands.join('\n')).toContain('flux suspend kustomization apps -n flux-system');
    });

    it('finds nothing any more once it is mended', () => {
      expect(mended).toEqual(clean);
    });
  });

  it('MESH038 and MESH039 are content with the options themselves, or with an explicit none', async () => {
    const put = await putInOrder(mesh);
    await patch('istiooperator', 'installed-state', { spec: { values: { pilot: { traceSampling: 42 } } } });
    await put.logToStdout();
    const set = ['values.pilot.traceSampling=42', 'meshConfig.accessLogFile=/dev/stdout'];
    const given = await ask({ options: { set } });
    const none = await ask({ options: { carryOver: 'none' } });
    await put.restore();
    expect([...of(given, 'MESH038'), ...of(given, 'MESH039')]).toEqual([]);
    expect([...of(none, 'MESH038'), ...of(none, 'MESH039')].map(({ severity }) => severity)).toEqual(['info', 'info']);
  });

  it('MESH040 refuses another trust domain, and MESH046 a release of another key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    const trust = await ask({ options: { set: ['meshConfig.trustDomain=other.example'] } });
    const key = await ask({ settings: { mirrors: mirrorsWith(mesh, other.toString()) } });
    expect(said(trust, 'MESH040')).toContain('blocker: trustDomain of the old control plane');
    expect(said(key, 'MESH046')).toContain('blocker: Release 1.6.14-asm.2 is not at hand');
    expect(of(key, 'MESH038').map(({ severity }) => severity)).toEqual(['unknown']);
  });

  it('asks from 1.5 for a fitting kubectl, and looks at the ports that gateways have there', async () => {
    const items = SITUATIONS.filter((object) => /only-http|let-in|own-balancer/.test(JSON.stringify(object)));
    await apply({ apiVersion: 'v1', kind: 'List', items });
    const bin = await mkdtemp(join(tmpdir(), 'meshlift-kubectl-'));
    await writeFile(join(bin, 'kubectl'), '#!/bin/sh\necho \'{"clientVersion":{"gitVersion":"v1.30.1"}}\'\n');
    await chmod(join(bin, 'kubectl'), 0o755);
    const found = await ask({ plan: from('1.5.10'), cluster: { kubectl: join(bin, 'kubectl') } });
    await rm(bin, { recursive: true });
    await mesh.facts.remove(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    expect(of(await ask({ plan: from('1.5.10') }), 'MESH032')).toEqual([]);
    expect(said(found, 'MESH032')).toContain('the one of the worker is v1.30.1; the API server is 1.21');
    expect(of(found, 'MESH032')[0]?.command).toContain('/stable-1.21.txt');
    expect(of(found, 'MESH042').map(({ message }) => message.split(' names')[0])).toEqual([
      'AuthorizationPolicy istio-system/only-http',
      'NetworkPolicy istio-system/let-in',
      'Service istio-system/own-balancer',
    ]);
    expect(said(found, 'MESH042')).toContain(
      'names container port 80 and 15020 of a gateway; from 1.6 on 80 is 8080, and it would reach nobody; 15020 is 15021, and it would call the gateway dead.',
    );
    expect(said(await ask({ plan: from('1.6.13-other.1') }), 'MESH030')).toContain('a build of vendor "other"');
  });

  it('MESH012 prints the roles that are missing, and is content when they are applied', async () => {
    const roller = { cluster: { context: 'roller' } };
    const kubeconfig = { kubeconfig: mesh.sandbox.kubeconfig };
    const missing = of(await ask({ cluster: { ...kubeconfig, ...roller.cluster } }), 'MESH012')[0];
    expect(missing?.severity).toBe('blocker');
    expect(missing?.message).toContain('Install the new control plane');
    const roles = parseAllDocuments(missing?.command ?? '').map((document) => document.toJS() as object);
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: roles });
    await apply(JSON.parse(text.replaceAll('<user of the kubeconfig>', 'meshlift-roller')) as object);
    const granted = await ask({ cluster: { ...kubeconfig, ...roller.cluster } });
    await mesh.facts.remove(text.replaceAll('<user of the kubeconfig>', 'meshlift-roller'));
    expect(of(granted, 'MESH012')).toEqual([]);
    expect(granted.filter(({ severity }) => severity === 'unknown')).toEqual([]);
  });

  it('MESH012 asks for no Secrets but those of the mesh where the analysis is waived', async () => {
    const secretsIn = async (options: object) => {
      const found = of(await ask({ cluster: { context: 'roller' }, options: { ...options } }), 'MESH012')[0];
      const roles = parseAllDocuments(found?.command ?? '').map((document) => JSON.stringify(document.toJS()));
      return roles.filter((role) => role.includes('"secrets"')).map((role) => /"kind":"(\w+)"/.exec(role)?.[1]);
    };
    const waivers = [{ check: 'MESH045', reason: 'nobody reads all Secrets' }];
    expect(await secretsIn({})).toEqual(['ClusterRole', 'Role']);
    expect(await secretsIn({ waivers })).toEqual(['Role']);
  });

  it('MESH035 warns of an identity that no role binds', async () => {
    const admin = { kubeconfig: mesh.sandbox.adminKubeconfig, context: 'admin' };
    expect(said(await ask({ cluster: admin }), 'MESH035')).toContain('warning: The registered identity of cluster');
    expect(of(clean, 'MESH035')).toEqual([]);
  });
});

/** Server-side apply under the name of a GitOps tool. */
async function applyAs(mesh: Mesh, manager: string, object: object): Promise<void> {
  const flags = ['--server-side', '--force-conflicts', `--field-manager=${manager}`];
  await mesh.facts.runWith(JSON.stringify(object), 'apply', ...flags, '-f', '-');
}

function withoutLabels(object: object): object {
  const { metadata, ...rest } = object as { metadata: { name: string; namespace?: string } };
  const { name, namespace } = metadata;
  return { ...rest, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function mirrorsWith(mesh: Mesh, publicKey: string) {
  return { '1.6.14-asm.2': { baseUrl: mesh.sandbox.bucket.baseUrl, publicKey } };
}

/** Changes of objects that were there before, and their way back. */
async function putInOrder(mesh: Mesh) {
  const kubectl = (...args: string[]) => mesh.facts.run(...args);
  const [operator] = await mesh.facts.list('istiooperators', '-n', 'istio-system');
  const [config] = (await mesh.facts.list('configmaps', '-n', 'istio-system')).filter(
    ({ metadata }) => metadata.name === 'istio',
  );
  const patch = (kind: string, name: string, body: object) =>
    kubectl('patch', kind, name, '-n', 'istio-system', '--type', 'merge', '-p', JSON.stringify(body));
  const crd = (operations: object[]) =>
    kubectl(
      'patch',
      'customresourcedefinitions.v1beta1.apiextensions.k8s.io',
      'sidecars.networking.istio.io',
      '--type',
      'json',
      '-p',
      JSON.stringify(operations),
    );
  const text = config?.data?.['mesh'] ?? '';
  const logged = text.replace('accessLogFile: ""', 'accessLogFile: /dev/stdout');
  let stored = false;
  return {
    logToStdout: () => patch('configmap', 'istio', { data: { mesh: logged } }),
    async disturb() {
      await patch('istiooperator', 'installed-state', { spec: { values: { pilot: { traceSampling: 42 } } } });
      const selectors = `\ndiscoverySelectors:\n- matchLabels:\n    nobody: here`;
      await patch('configmap', 'istio', { data: { mesh: `${logged}${selectors}` } });
      await crd([
        { op: 'replace', path: '/spec/versions/0/storage', value: false },
        { op: 'add', path: '/spec/versions/-', value: { name: 'v9', served: false, storage: true } },
      ]);
      stored = true;
      await kubectl('cordon', 'node-0');
    },
    async restore() {
      const { traceSampling } = ((operator?.spec?.['values'] ?? {}) as { pilot: { traceSampling: number } }).pilot;
      await patch('istiooperator', 'installed-state', { spec: { values: { pilot: { traceSampling } } } });
      await patch('configmap', 'istio', { data: { mesh: text } });
      if (!stored) return;
      await crd([
        { op: 'replace', path: '/spec/versions/0/storage', value: true },
        { op: 'replace', path: '/spec/versions/2/storage', value: false },
      ]);
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sidecars.networking.istio.io';
      const object = JSON.parse(await kubectl('get', '--raw', path)) as { status: { storedVersions: string[] } };
      object.status.storedVersions = object.status.storedVersions.filter((version) => version !== 'v9');
      await mesh.facts.runWith(JSON.stringify(object), 'replace', '--raw', `${path}/status`, '-f', '-');
      await crd([{ op: 'remove', path: '/spec/versions/2' }]);
    },
  };
}
