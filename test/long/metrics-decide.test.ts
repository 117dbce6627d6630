import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measurement } from '../../domain/gate-verdict.js';
import type { RunState } from '../../domain/run.js';
import { orderMetrics, type Conduct } from '../../sandbox/sandbox.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { QUICK } from './support/gates.js';

const HOUR = 3_600;

function measurementOf({ verdicts = [] }: RunState, name: string): Measurement | undefined {
  return verdicts[0]?.measurements?.find(({ metric }) => metric === name);
}

function expectWorse(measured: Measurement | undefined): void {
  expect(measured).toMatchObject({ verdict: 'failed' });
  expect(measured?.value).toBeGreaterThan(measured?.control ?? 1);
  expect(measured?.query).toContain('asm-1614-2');
  expect(measured?.link).toContain('http://127.0.0.1:');
}

/** Whole upgrades whose gates nobody opens: a real Prometheus decides. */
describe('a run whose gates look at metrics', () => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('long-decide', 'asm16', { prometheus: true });
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  const make = (conduct: Conduct) => orderMetrics(mesh.cluster, { revision: 'new', make: conduct });
  const start = (...afterWave: readonly object[]) =>
    mesh.api.start(mesh.cluster, {
      policy: {
        waves: [
          { name: 'canary', namespaces: ['catalog'] },
          { name: 'half', percent: 50 },
          { name: 'rest', percent: 100 },
        ],
        gates: { afterWave },
      },
      finalizeSoakSeconds: 2,
    });

  it('goes back by itself while it soaks, because the error ratio of the new revision rose', async () => {
    await make('bad');
    const run = await start({ soak: HOUR }, { analysis: QUICK });
    const state = await mesh.api.untilPhase(run, 'rolledBack');
    process.stderr.write(`${state.rollback?.reason ?? ''}\n`);
    expect(state.rollback).toMatchObject({ by: 'meshlift' });
    expect(state.rollback?.reason).toMatch(/canary.*error-ratio/);
    expect(state.verdicts?.[0]).toMatchObject({ wave: 0, verdict: 'failed' });
    expectWorse(measurementOf(state, 'error-ratio'));
    expect(state.timeline.map(({ phase }) => phase)).not.toContain('awaitingPromotion');
    expect(await mesh.facts.snapshot()).toEqual(original);
  });

  it('waits for a person where there is no data, with the query, and goes through to the end when there is', async () => {
    await make('silent');
    const run = await start({ soak: 10 }, { analysis: QUICK });
    const { phase } = await mesh.api.untilPhase(run, 'blocked');
    expect(phase).toMatchObject({ obstacle: { reason: 'GateInconclusive' }, during: { name: 'analysing', wave: 0 } });
    const [verdict] = (await mesh.api.state(run)).verdicts?.slice(-1) ?? [];
    process.stderr.write(`${verdict?.detail ?? ''}\n`);
    expect(verdict?.detail).toContain('too little to judge by');

    await make('good');
    const lookAgain = async () => {
      expect((await mesh.api.command(run, 'retry')).status).toBe(200);
      return mesh.api.until(run, ({ phase: { name } }) => name !== 'analysing');
    };
    // Before the first requests are counted there is no data still.
    while ((await lookAgain()).phase.name === 'blocked') continue;
    const end = await mesh.api.until(run, ({ phase: { name } }) => ['succeeded', 'rolledBack'].includes(name));
    expect(end.phase.name).toBe('succeeded');
    expect(end.promotions).toEqual([]);
    expect(end.plan?.waves.map(({ name }) => name)).toEqual(['canary', 'half', 'rest']);
  });
});
