import { describe, expect, it } from 'vitest';
import { pauseSignal, promoteSignal } from '../../workflows/messages.js';
import { openBench } from './support/bench.js';
import { HASH } from './support/fake-mesh.js';
import { digested } from './support/history.js';
import { refusalOf } from './support/run.js';

const bench = openBench();
const ONE_BY_ONE = { parallelWorkloads: 1 };

describe('a pause', () => {
  it('is answered when nothing can begin any more, and what was begun is taken up again afterwards', async () => {
    const run = await bench.start({ canary: { cart: ['db', 'web'], pay: ['web'] }, options: ONE_BY_ONE });
    const { script } = run.mesh;
    const hold = script.hold('moveWorkload cart/db forward', { stubborn: true });
    await script.sees('moveWorkload cart/db forward', 'begun');

    const pausing = run.pause();
    await script.sees('moveWorkload cart/db forward', 'cancelling');
    hold.open();
    expect((await pausing).pause).toMatchObject({ by: 'ada', reason: 'because' });
    // A second stretch only follows what has begun.
    await digested(run.handle, 'ended moveNamespaces', 2);
    expect(script.begun().filter((call) => call.startsWith('moveWorkload'))).toEqual(['moveWorkload cart/db forward']);
    expect(await run.state()).toMatchObject({ phase: { name: 'migrating' }, pause: { by: 'ada' } });
    expect(run.mesh.labels.get('pay')).toBe('old');

    expect((await run.resume()).pause).toBeNull();
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.restarts]).toEqual([
      ['cart/db forward', 1],
      ['cart/web forward', 1],
      ['pay/web forward', 1],
    ]);
  });

  it('that is over before it has arrived does not stop the run', async () => {
    const run = await bench.start({ canary: { cart: ['db', 'web'] }, options: ONE_BY_ONE });
    const { script } = run.mesh;
    const hold = script.hold('moveWorkload cart/db forward', { stubborn: true });
    await script.sees('moveWorkload cart/db forward', 'begun');
    const pausing = run.handle.signal(pauseSignal, { by: 'ada', reason: 'lunch' });
    await script.sees('moveWorkload cart/db forward', 'cancelling');
    await pausing;
    await run.resume();
    hold.open();
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.restarts.values()]).toEqual([1, 1]);
  });

  it('holds the next step, not the one under way', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    const { script } = run.mesh;
    const hold = script.hold('takeSnapshot');
    await script.sees('takeSnapshot', 'begun');
    await run.pause();
    hold.open();

    expect(await digested(run.handle, 'ended takeSnapshot')).not.toContain('begins installControlPlane');
    expect((await run.state()).phase.name).toBe('installing');
    await run.resume();
    await run.reaches('awaitingPromotion');
  });

  it('outlives a promotion: the next wave begins when the run is resumed', async () => {
    const run = await bench.start({ canary: { cart: ['web'] }, rest: { pay: ['web'] } });
    await run.reaches('awaitingPromotion');
    await run.pause();
    const { phase, pause } = await run.promote('canary');
    expect(phase).toEqual({ name: 'migrating', wave: 1 });
    expect(pause).not.toBeNull();
    expect(run.mesh.script.begun()).not.toContain('labelNamespace pay forward');
    await run.resume();
    await run.reaches('awaitingPromotion', 2);
    expect(run.mesh.labels.get('pay')).toBe('new');
  });

  it('is refused twice, and so is a resumption of what is not paused', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    await run.reaches('awaitingPromotion');
    expect(await refusalOf(run.resume())).toBe('WrongPhase');
    await run.pause();
    expect(await refusalOf(run.pause())).toBe('WrongPhase');
  });
});

describe('a promotion', () => {
  it('is refused in the wrong phase, at the wrong gate and for another plan, and changes nothing then', async () => {
    const run = await bench.start({ canary: { cart: ['web'] }, rest: { pay: ['web'] } });
    const hold = run.mesh.script.hold('moveWorkload cart/web forward');
    await run.mesh.script.sees('moveWorkload cart/web forward', 'begun');
    expect(await refusalOf(run.promote('canary'))).toBe('WrongPhase');
    hold.open();

    await run.reaches('awaitingPromotion');
    const before = await run.state();
    expect(await refusalOf(run.promote('finalize'))).toBe('WrongGate');
    expect(await refusalOf(run.promote('canary', 'another plan'))).toBe('PlanChanged');
    expect(await run.state()).toEqual(before);
  });
});

describe('a signal', () => {
  it('does what the update of its name does, and is ignored where that would be refused', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    await run.reaches('awaitingPromotion');
    const before = await run.state();
    await run.handle.signal(promoteSignal, { by: 'cli', gate: 'canary', planHash: HASH });
    await digested(run.handle, 'told promote');
    expect(await run.state()).toEqual(before);

    await run.handle.signal(pauseSignal, { by: 'cli', reason: 'lunch' });
    await digested(run.handle, 'told pause');
    expect((await run.state()).pause).toMatchObject({ by: 'cli', reason: 'lunch' });
    await run.resume();
    await run.handle.signal(promoteSignal, { by: 'cli', gate: 'finalize', planHash: HASH });
    expect((await run.end()).promotions).toMatchObject([{ gate: 'finalize', by: 'cli' }]);
  });
});

describe('a cancellation', () => {
  it('ends what only reads, and leaves the cluster untouched', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    const { script } = run.mesh;
    script.hold('fetchRelease');
    await script.sees('fetchRelease', 'begun');
    expect((await run.cancel()).phase.name).toBe('cancelled');
    const end = await run.end();
    expect(end).toMatchObject({ phase: { name: 'cancelled' }, changed: false });
    await script.sees('fetchRelease', 'cancelled');
    expect(script.begun()).not.toContain('takeSnapshot');
    expect(script.begun()).not.toContain('installControlPlane');
  });

  it('is refused once the cluster may have changed', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.hold('installControlPlane');
    await run.mesh.script.sees('installControlPlane', 'begun');
    expect(await refusalOf(run.cancel())).toBe('WrongPhase');
  });
});

describe('a namespace that is skipped', () => {
  it('is not moved, and holds nothing up', async () => {
    const run = await bench.start({ canary: { cart: ['web'] }, rest: { pay: ['web'], shop: ['web'] } });
    await run.reaches('awaitingPromotion');
    await run.skip('pay');
    expect(await refusalOf(run.skip('cart'))).toBe('WrongPhase');
    expect(await refusalOf(run.skip('nowhere'))).toBe('UnknownNamespace');
    await run.promoteAll('canary', 'finalize');
    const end = await run.end();
    expect(end.namespaces.map(({ namespace, status }) => `${namespace} ${status}`)).toEqual([
      'cart moved',
      'pay skipped',
      'shop moved',
    ]);
    expect(run.mesh.labels.get('pay')).toBe('old');
  });
});
