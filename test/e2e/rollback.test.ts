import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { namespace, workload } from './support/manifests.js';
import { startMesh, type Mesh } from './support/mesh.js';

const LATECOMER = 'latecomer';

/** Going back: from the canary wave and from the last gate, each time to exactly what was there before. */
describe('a rollback', () => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-rollback');
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  async function expectOriginal(): Promise<void> {
    const pods = await mesh.facts.podsByProxy();
    expect(Object.values(pods).some((row) => '1.6.14-asm.2' in row)).toBe(false);
    expect(await mesh.facts.snapshot()).toEqual(original);
  }

  /** A namespace with two pods on the old proxy. */
  async function comes(name: string): Promise<void> {
    await mesh.facts.apply(namespace(name));
    await mesh.facts.apply(workload('Deployment', `${name}/web`, { replicas: 2 }));
    await eventually('its pods to run', async () => (await mesh.facts.podsByProxy())[name]?.['1.6.13'] === 2);
  }

  async function goesAsItCame(name: string): Promise<void> {
    expect((await mesh.facts.podsByProxy())[name]).toEqual({ '1.6.13': 2 });
    const shown = await mesh.facts.run('get', 'namespace', name, '-o', 'jsonpath={.metadata.labels}');
    expect(JSON.parse(shown)).toMatchObject({ 'istio-injection': 'enabled', situation: 'preflight' });
    expect(shown).not.toContain('istio.io/rev');
    await mesh.facts.run('delete', 'namespace', name, '--wait');
  }

  it('from the canary gate touches only the canary and restores the snapshot', async () => {
    const before = await mesh.facts.generations();
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    const state = await mesh.api.untilPhase(run, 'rolledBack');
    expect(state.proof.filter((line) => !line.ok)).toEqual([]);
    await expectOriginal();
    const after = await mesh.facts.generations();
    for (const [workload, generation] of Object.entries(after)) {
      const restarts = workload.includes(' catalog/') ? 2 : 0;
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, restarts]);
    }
  });

  it('from the last gate brings every namespace back, restarted once per direction, and one that came after the plan', async () => {
    const before = await mesh.facts.generations();
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    await comes(LATECOMER);
    await mesh.api.promote(run);
    const last = await mesh.api.untilGate(run, 'finalize');
    expect(last.namespaces.at(-1)).toMatchObject({
      namespace: LATECOMER,
      wave: 1,
      status: 'moved',
      workloads: 1,
      pods: 2,
    });
    expect(last.plan?.waves[1]?.namespaces).toContain(LATECOMER);
    expect((await mesh.facts.podsByProxy())[LATECOMER]).toEqual({ '1.6.14-asm.2': 2 });
    const moved = new Set(last.namespaces.map(({ namespace }) => namespace));
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    await goesAsItCame(LATECOMER);
    await expectOriginal();
    const after = await mesh.facts.generations();
    for (const [workload, generation] of Object.entries(after)) {
      const namespace = workload.split(' ')[1]?.split('/')[0] ?? '';
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, moved.has(namespace) ? 2 : 0]);
    }
  });
});
