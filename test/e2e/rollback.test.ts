import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMesh, type Mesh } from './support/mesh.js';

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

  it('from the last gate brings every namespace back, restarted once per direction', async () => {
    const before = await mesh.facts.generations();
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    const last = await mesh.api.untilGate(run, 'finalize');
    const moved = new Set(last.namespaces.map(({ namespace }) => namespace));
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    await expectOriginal();
    const after = await mesh.facts.generations();
    for (const [workload, generation] of Object.entries(after)) {
      const namespace = workload.split(' ')[1]?.split('/')[0] ?? '';
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, moved.has(namespace) ? 2 : 0]);
    }
  });
});
