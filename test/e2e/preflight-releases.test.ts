import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import { downSandbox, seedSandbox, upSandbox, type Sandbox } from '../../sandbox/sandbox.js';
import { planOfSandbox, preflightOf, type Circumstances } from './support/cluster-preflight.js';
import { istiod } from './support/cluster-situations.js';
import { MeshFacts } from './support/mesh-facts.js';
import { sourceReleaseIn } from './support/source-release.js';

const LOST = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'VirtualService',
  metadata: { name: 'lost', namespace: 'edge' },
  spec: { hosts: ['lost.example'], gateways: ['nowhere'], http: [{ route: [{ destination: { host: 'web' } }] }] },
};

const NAME = 'preflight-releases';
const progress = (line: string) => void process.stderr.write(`[${NAME}] ${line}\n`);

/** What the preflight says depends on the releases that can be had: the target's, and the one that runs. */
describe('the releases that a preflight asks', () => {
  let sandbox: Sandbox;
  let facts: MeshFacts;
  let dir: string;
  let running: Release;
  const ask = (about: Circumstances = {}) => preflightOf(sandbox, about);
  const withRunning = () => ({ settings: { releases: [running] } });
  const said = (findings: readonly Finding[], check: string) =>
    findings.filter((finding) => finding.check === check).map(({ severity, message }) => `${severity}: ${message}`);
  const setSampling = (traceSampling: number) =>
    facts.run(
      ...['patch', 'istiooperator', 'installed-state', '-n', 'istio-system', '--type', 'merge'],
      ...['-p', JSON.stringify({ spec: { values: { pilot: { traceSampling } } } })],
    );

  beforeAll(async () => {
    await downSandbox(NAME);
    sandbox = await upSandbox({ name: NAME, flavour: 'asm16', progress });
    await seedSandbox(NAME, { progress, only: ['catalog', 'cart'] });
    facts = new MeshFacts(sandbox.kubectl, sandbox.adminKubeconfig);
    await facts.run('create', 'namespace', LOST.metadata.namespace);
    dir = await mkdtemp(join(tmpdir(), 'meshlift-source-'));
    // As if that version sampled 42 % where the target samples 1 %.
    running = await sourceReleaseIn(dir, (profile) => profile.replace('traceSampling: 1.0', 'traceSampling: 42.0'));
    await facts.apply(LOST);
  });
  afterAll(async () => {
    await downSandbox(NAME);
    await rm(dir, { recursive: true, force: true });
  });

  it('leave open what is new and what was chosen, while the running release is unknown', async () => {
    await setSampling(42);
    const found = await ask();
    expect(said(found, 'MESH045')).toEqual([
      expect.stringMatching(/^warning: VirtualService lost\.edge: Referenced gateway not found: "nowhere"\./),
      expect.stringMatching(/^warning: VirtualService lost\.edge: Referenced host not found: "web"\./),
    ]);
    for (const line of said(found, 'MESH045')) {
      expect(line).toContain('Whether the running release finds it as well is not known');
      expect(line).toContain('the catalogue has no release of exactly 1.6.13');
    }
    const [options] = said(found, 'MESH038');
    expect(options).toContain('blocker: IstioOperator istio-system/installed-state holds 1 settings');
    expect(options).toContain('Some may be defaults of 1.6.13 that nobody chose');
  });

  it('tell nothing that the running release says as well (MESH045), or has by default (MESH038)', async () => {
    const found = await ask(withRunning());
    expect([...said(found, 'MESH045'), ...said(found, 'MESH038')]).toEqual([]);
  });

  it('tell what somebody chose against the defaults of the running release', async () => {
    await setSampling(7);
    const [options] = said(await ask(withRunning()), 'MESH038');
    await setSampling(1);
    expect(options).toContain('holds 1 settings');
    expect(options).not.toContain('Some may be defaults');
  });

  it('say why the running release could not be asked', async () => {
    const gone = { ...running, archives: { linux: { file: 'istio-1.6.13-gone.tar.gz' } } };
    const [found] = said(await ask({ settings: { releases: [gone] } }), 'MESH045');
    expect(found).toMatch(/its own istioctl could not be asked, because file:.*istio-1\.6\.13-gone/);
  });

  it('are waited for where the bucket is away, and only what it refuses for good rejects a run (MESH046)', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'meshlift-cache-'));
    const fault = (value: object) => writeFile(join(sandbox.dir, 'bucket-fault.json'), JSON.stringify(value));
    try {
      await fault({ unavailable: 1_000_000 });
      // What Temporal tries again: the run stays in its preflight.
      await expect(ask({ cacheDir })).rejects.toMatchObject({ type: 'DownloadFailed', nonRetryable: false });
      const answer = await ask({ cacheDir, impatient: true });
      expect(said(answer, 'MESH046')).toEqual([expect.stringMatching(/^unknown: .*the server answered 503/)]);

      await fault({ wrongSignature: true });
      expect(said(await ask({ cacheDir }), 'MESH046')).toEqual([
        expect.stringMatching(/^blocker: Release 1\.6\.14-asm\.2 is not at hand: .*not signed/),
      ]);
      await fault({});
      const missing = { '1.6.14-asm.2': { baseUrl: `${sandbox.bucket.baseUrl}/nowhere` } };
      expect(said(await ask({ cacheDir, settings: { mirrors: missing } }), 'MESH046')).toEqual([
        expect.stringMatching(/^blocker: .*the server answered 404/),
      ]);
      expect(said(await ask({ cacheDir }), 'MESH046')).toEqual([]);
    } finally {
      await fault({});
      await rm(cacheDir, { recursive: true, force: true });
    }
  });

  it('have a gate that judges each of two control planes for itself', async () => {
    const next = istiod('istiod-next', 'next', '1.7.0');
    await facts.apply(next);
    const { route, findings } = await planOfSandbox(sandbox);
    await facts.remove(JSON.stringify(next));
    expect(route).toBeNull();
    expect(said(findings, 'MESH001')).toEqual([
      'blocker: Deployment istio-system/istiod-next runs 1.7.0, which is newer than 1.6.14-asm.2: that would be a downgrade.',
      'info: Deployment istio-system/istiod runs 1.6.13 and could go to 1.6.14-asm.2, but the newest control plane decides, which is istiod-next.',
    ]);
  });
});
