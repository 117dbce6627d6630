import { describe, expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';
import { phasesIn } from './support/fake-mesh.js';

const bench = openBench();
const HELD = failure('FencedOff', 'Cluster c1 is held by run 7 of Meshlift laptop-1 since 10:00.');

describe('a cluster that the run of another Meshlift holds', () => {
  it('is not even looked at; the retry plans anew once it is free', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    const { script } = run.mesh;
    script.fail('holdCluster', HELD);
    await run.reaches('blocked');
    const { phase, changed } = await run.state();
    expect(phase).toMatchObject({ name: 'blocked', during: { name: 'planning' }, obstacle: { reason: 'FencedOff' } });
    expect(changed).toBe(false);
    expect(script.begun()).not.toContain('makePlan');

    await run.retry();
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });

  it('can be left: the run is cancelled', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail('holdCluster', HELD);
    await run.reaches('blocked');
    await run.cancel();
    expect((await run.end()).phase.name).toBe('cancelled');
  });
});

describe('the end of a run', () => {
  it('gives the cluster back once, also after a rollback', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    await run.reaches('awaitingPromotion');
    expect(run.mesh.script.begun()).not.toContain('releaseCluster');
    await run.rollBack();
    expect((await run.end()).phase.name).toBe('rolledBack');
    expect(run.mesh.script.begun().filter((call) => call === 'releaseCluster')).toHaveLength(1);
  });

  it('stands, even if the cluster cannot be given back', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail('releaseCluster', failure('PermissionDenied'));
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(phasesIn(run.mesh).at(-1)).toBe('succeeded');
  });
});
