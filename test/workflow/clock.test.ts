import { describe, expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import { atRest } from './support/history.js';
import type { Run } from './support/run.js';

// In a file, and so on a server, of their own: the test server's clock stands still for good once a workflow with a
// finished update has been terminated, which is how other tests end.
const bench = openBench();

/** Lets time fly over a run that only waits: what is just under way would be timed out. */
const fly = async (run: Run, time: string) => {
  await atRest(run.handle);
  await bench.env().sleep(time);
};

describe('a soak', () => {
  it('is waited out before the gate', async () => {
    const run = await bench.start({ canary: { catalog: ['api'] }, options: { soakSeconds: 6 * 60 * 60 } });
    await run.reaches('soaking');
    await fly(run, '5 hours');
    expect((await run.state()).phase.name).toBe('soaking');
    await fly(run, '2 hours');
    await run.reaches('awaitingPromotion');

    const since = (await run.state()).timeline.slice(-2).map(({ at }) => Date.parse(at));
    expect(since[1]! - since[0]!).toBeGreaterThanOrEqual(6 * 60 * 60 * 1000);
  });
});

describe('a promotion', () => {
  it('that nobody gives in a week blocks the run, touches nothing, and is asked for again', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    await run.reaches('awaitingPromotion');
    await fly(run, '6 days');
    expect((await run.state()).phase.name).toBe('awaitingPromotion');
    await fly(run, '25 hours');
    await run.reaches('blocked');
    expect((await run.state()).phase).toMatchObject({ name: 'blocked', obstacle: { reason: 'PromotionTimedOut' } });
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);

    expect((await run.retry()).phase).toMatchObject({ name: 'awaitingPromotion', gate: 'finalize' });
    await run.promote('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });
});
