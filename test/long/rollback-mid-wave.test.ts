import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';

/** The place between those that the e2e suite goes back from. */
describe('a rollback in mid-wave', () => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('long-rollback');
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  it('leaves nothing half-way', async () => {
    const run = await mesh.api.start(mesh.cluster, {
      canary: ['catalog'],
      parallelWorkloads: 2,
    });
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilHalfWay(run);
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    const pods = await mesh.facts.podsByProxy();
    expect(Object.values(pods).some((row) => '1.6.14-asm.2' in row)).toBe(false);
    expect(await mesh.facts.snapshot()).toEqual(original);
  });
});
