import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServe, type Serve } from '../../cli/serve/start-serve.js';
import type { RunState } from '../../domain/run.js';
import { ApiClient } from './support/api-client.js';
import { readFacts, type Facts } from '../crash/scenarios.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';

const OPTIONS = { canary: ['catalog'], parallelWorkloads: 2 };

/** Two Meshlifts, each with a Temporal and a data folder of its own, and one mesh. */
describe('a second Meshlift on the same mesh', () => {
  let mesh: ProxiedMesh;
  let original: Facts;
  let dataDir: string;
  let second: Serve | undefined;
  let other: ApiClient;
  let run: string;
  let late: string;

  beforeAll(async () => {
    mesh = await startProxiedMesh('e2e-fence');
    original = await readFacts(mesh);
    dataDir = await mkdtemp(join(tmpdir(), 'meshlift-second-'));
    second = await startServe({ configFile: mesh.sandbox.configFile, dataDir, port: 0, progress: () => undefined });
    other = new ApiClient(second.url, second.token);
  });
  afterAll(async () => {
    await second?.stop();
    await mesh.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const lease = (jsonpath: string) =>
    mesh.facts.run(
      'get',
      'lease',
      'meshlift',
      '-n',
      'istio-system',
      '--ignore-not-found',
      '-o',
      `jsonpath=${jsonpath}`,
    );
  const isBlocked = ({ phase }: RunState) => phase.name === 'blocked';

  it('cannot be confused with a start that is repeated: one key gives one run, another key is refused', async () => {
    const start = (key: string) =>
      mesh.api.request(
        'POST',
        '/v1/upgrades',
        { cluster: mesh.cluster, release: '1.6.14-asm.2', options: OPTIONS },
        key,
      );
    const key = randomUUID();
    const same = await Promise.all([start(key), start(key), start(key)]);
    expect(same.map(({ status }) => status)).toEqual([202, 202, 202]);
    const locations = new Set(same.map(({ headers }) => headers.get('location')));
    expect(locations.size).toBe(1);
    [run = ''] = [...locations].map(String);
    expect(await start(randomUUID())).toMatchObject({ status: 409, body: { code: 'RunAlreadyOpen' } });
  });

  it('finds the mesh held, says by whom, and changes nothing', async () => {
    await mesh.api.untilGate(run, 'canary');
    expect(await lease('{.spec.holderIdentity}')).toContain(run.split('/').at(-1));
    const before = await readFacts(mesh);
    late = await other.start(mesh.cluster, OPTIONS);
    const { phase, changed } = await other.until(late, isBlocked);
    expect(phase).toMatchObject({ during: { name: 'planning' }, obstacle: { reason: 'FencedOff' } });
    const obstacle = phase.name === 'blocked' ? phase.obstacle : null;
    expect(obstacle?.message).toContain(`held by run ${run.split('/').at(-1) ?? ''} of Meshlift `);
    expect(obstacle?.message).toMatch(/ since 2\d{3}-\d\d-\d\dT/);
    expect(obstacle?.remedy).toContain('kubectl delete lease meshlift -n istio-system');
    expect(changed).toBe(false);
    expect((await other.operations(late)).filter(({ mutating }) => mutating)).toEqual([]);
    expect(await readFacts(mesh)).toEqual(before);
  });

  it('that takes over by hand stops the first one at its next operation, and gives way again', async () => {
    const patch = JSON.stringify({ spec: { holderIdentity: 'elsewhere/run-9' } });
    await mesh.facts.run('patch', 'lease', 'meshlift', '-n', 'istio-system', '--type', 'merge', '-p', patch);
    await mesh.api.promote(run);
    const before = await readFacts(mesh);
    const { phase } = await mesh.api.until(run, isBlocked);
    expect(phase).toMatchObject({ during: { name: 'migrating' }, obstacle: { reason: 'FencedOff' } });
    expect(await readFacts(mesh)).toEqual(before);
    await mesh.facts.run('delete', 'lease', 'meshlift', '-n', 'istio-system');
    expect((await mesh.api.command(run, 'retry')).status).toBe(200);
    await mesh.api.untilGate(run, 'finalize');
    expect(await lease('{.spec.holderIdentity}')).toContain(run.split('/').at(-1));
  });

  it('goes on with a retry once the mesh is free, from a plan of its own', async () => {
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    while ((await lease('{.metadata.name}')) !== '') await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await readFacts(mesh)).snapshot).toEqual(original.snapshot);
    expect((await other.command(late, 'retry')).status).toBe(200);
    const { plan } = await other.until(late, ({ phase }) => phase.name === 'installing');
    expect(plan?.route?.from.version).toBe('1.6.13');
    expect(await lease('{.spec.holderIdentity}')).toContain(late.split('/').at(-1));
  });
});
