import { expect } from 'vitest';
import type { RunState } from '../../../domain/run.js';
import type { Mesh } from './mesh.js';

export const SOURCE = '1.5.10-asm.1';
export const TARGET = '1.6.14-asm.2';

/**
 * Rolls a run back and proves that everything is as before: objects, labels, proxies, and that the old istiod was there
 * and untouched at every moment (I1): the installer of 1.5 removes the new one at once.
 */
export async function rollBackToOriginal(mesh: Mesh, run: string, original: object): Promise<RunState> {
  const watch = mesh.facts.watchDeployment('istiod');
  let istiod: string[];
  let state: RunState;
  try {
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    state = await mesh.api.untilPhase(run, 'rolledBack');
  } finally {
    istiod = await watch.stop();
  }
  expect(istiod).toEqual([expect.stringMatching(/ replicas 1$/)]);
  expect(state.proof.filter((line) => !line.ok)).toEqual([]);
  expect(state.proof.map(({ name }) => name)).toContain('the old control plane injects again');
  expect(await mesh.facts.snapshot()).toEqual(original);
  const pods = Object.values(await mesh.facts.podsByProxy()).flatMap((row) => Object.keys(row));
  expect(new Set(pods)).toEqual(new Set([SOURCE, 'none']));
  return state;
}

/** Starts a run whose canary is `catalog`, small budgets, and takes it past its first gate. */
export async function startInTheRest(mesh: Mesh): Promise<string> {
  const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'], parallelWorkloads: 4 });
  await mesh.api.untilGate(run, 'canary');
  await mesh.api.promote(run);
  return run;
}
