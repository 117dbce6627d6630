import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../domain/plan.js';
import { binaryPath } from '../../sandbox/binaries/index.js';
import { runTool } from '../../sandbox/exec.js';
import { downSandbox, seedSandbox, upSandbox, type Flavour, type Sandbox } from '../../sandbox/sandbox.js';
import { defaultCacheDir } from '../../settings/paths.js';
import { preflightOf } from '../e2e/support/cluster-preflight.js';
import { istiod, SITUATIONS } from '../e2e/support/cluster-situations.js';
import { MeshFacts } from '../e2e/support/mesh-facts.js';

const progress = (line: string) => void process.stderr.write(`[elsewhere] ${line}\n`);
const said = (findings: readonly Finding[], check: string) =>
  findings.filter((finding) => finding.check === check).map(({ severity, message }) => `${severity}: ${message}`);
const factsOf = ({ kubectl, adminKubeconfig }: Sandbox) => new MeshFacts(kubectl, adminKubeconfig);

async function up(name: string, flavour: Flavour): Promise<Sandbox> {
  await downSandbox(name);
  return upSandbox({ name, flavour, progress });
}

const http = (host: string) => [{ route: [{ destination: { host } }] }];
const networking = (kind: string, name: string, spec: object) => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind,
  metadata: { name, namespace: 'edge' },
  spec,
});

/** What both versions find, and what only 1.6 finds. */
const FAULTS = [
  networking('VirtualService', 'lost', { hosts: ['lost.example'], gateways: ['nowhere'], http: http('web') }),
  ...['one', 'two', 'three'].map((name) => networking('VirtualService', name, { hosts: ['web'], http: http('web') })),
  networking('DestinationRule', 'trusting', { host: 'web', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
];

describe('the preflight of a mesh of 1.5', () => {
  let sandbox: Sandbox;
  let facts: MeshFacts;

  beforeAll(async () => {
    sandbox = await up('long-pf-15', 'asm15');
    await seedSandbox(sandbox.name, { progress });
    facts = factsOf(sandbox);
  });
  afterAll(() => downSandbox('long-pf-15'));

  it('MESH045 names only what the real 1.6 finds and the real 1.5 does not', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: FAULTS };
    await facts.apply(list);
    const found = said(await preflightOf(sandbox), 'MESH045');
    await facts.remove(JSON.stringify(list));
    expect(found).toEqual([
      'warning: DestinationRule trusting.edge: DestinationRule edge/trusting in namespace edge has TLS mode set to SIMPLE but no caCertificates are set to validate server identity for host: web. The istioctl of the running 1.5.10-asm.1 does not say so.',
    ]);
  });

  it('MESH042 names each object once that holds to the ports of gateways, and MESH031 is content', async () => {
    const items = SITUATIONS.filter((object) => /only-http|let-in|own-balancer/.test(JSON.stringify(object)));
    const list = { apiVersion: 'v1', kind: 'List', items };
    await facts.apply(list);
    const found = await preflightOf(sandbox);
    await facts.remove(JSON.stringify(list));
    expect(said(found, 'MESH042').map((line) => line.split(' of a gateway')[0])).toEqual([
      'blocker: AuthorizationPolicy istio-system/only-http names container port 80',
      'blocker: NetworkPolicy istio-system/let-in names container port 443',
      'blocker: Service istio-system/own-balancer names container port 80 and 15020',
    ]);
    expect(said(found, 'MESH031')).toEqual([]);
    expect(said(await preflightOf(sandbox), 'MESH042')).toEqual([]);
  });

  it('MESH051 finds a second, real cluster by the secret that istioctl made for it', async () => {
    const other = await up('long-pf-east', 'asm16');
    try {
      const secret = await remoteSecretOf(other);
      await facts.runWith(secret, 'apply', '-f', '-');
      const found = said(await preflightOf(sandbox), 'MESH051');
      await facts.remove(secret);
      expect(found).toEqual([
        'warning: The mesh of cluster long-pf-15 reads other clusters, by Secrets istio-system/istio-remote-secret-east.',
      ]);
    } finally {
      await downSandbox(other.name);
    }
  });
});

it('MESH031 refuses to leave 1.5 on a Kubernetes that could not bring it back', async () => {
  const sandbox = await up('long-pf-135', 'istio');
  try {
    const facts = factsOf(sandbox);
    await facts.run('create', 'namespace', 'istio-system');
    await facts.apply(istiod('istiod', 'default', '1.5.10'));
    // It has no bucket, and nobody else's shall be asked.
    const settings = { mirrors: { '1.6.14-asm.2': { baseUrl: 'file:///nowhere' } } };
    expect(said(await preflightOf(sandbox, { settings }), 'MESH031')).toEqual([
      'blocker: Cluster long-pf-135 runs Kubernetes 1.35; Istio 1.5.10 runs on 1.14 to 1.21, so it could not be brought back.',
    ]);
  } finally {
    await downSandbox(sandbox.name);
  }
});

/** What `istioctl x create-remote-secret` of 1.6 prints for a cluster: a service account's token, and the way there. */
async function remoteSecretOf(cluster: Sandbox): Promise<string> {
  const facts = factsOf(cluster);
  await facts.run('create', 'namespace', 'istio-system');
  await facts.run('create', 'serviceaccount', 'istio-reader-service-account', '-n', 'istio-system');
  const istioctl = binaryPath(defaultCacheDir(), 'istioctl-1.6.14');
  const args = ['x', 'create-remote-secret', '--name', 'east', '--kubeconfig', cluster.adminKubeconfig];
  // The token of a service account comes a moment after it.
  await expect
    .poll(() => runTool(istioctl, args).catch(() => ''), { timeout: 30_000, interval: 500 })
    .toContain('istio/multiCluster');
  return runTool(istioctl, args);
}
