import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { rollBackToOriginal, startInTheRest } from '../e2e/support/rollback-to-1-5.js';

/** The other places that a run from 1.5 can go back from; the one half-way is in the e2e suite. */
describe('a rollback to 1.5', () => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('long-from-1-5', 'asm15');
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  it('from the canary gate restores what was there', async () => {
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    await rollBackToOriginal(mesh, run, original);
  });

  it('from the last gate restores what was there', async () => {
    const run = await startInTheRest(mesh);
    await mesh.api.untilGate(run, 'finalize');
    await rollBackToOriginal(mesh, run, original);
  });

  it('after the end restores what was there, with all that 1.5 alone had written', async () => {
    const run = await startInTheRest(mesh);
    await mesh.api.untilGate(run, 'finalize');
    await mesh.api.promote(run);
    await mesh.api.untilPhase(run, 'succeeded');
    const answer = await mesh.api.command(run, 'rollback', { reason: 'the new mesh will not do' });
    expect(answer.status).toBe(202);
    const { proof } = await mesh.api.untilPhase(answer.headers.get('location') ?? '', 'rolledBack');
    expect(proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await mesh.facts.snapshot()).toEqual(original);
  });
});
