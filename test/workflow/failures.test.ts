import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../domain/failures.js';
import { policySchema } from '../../domain/policy/schema.js';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';

const bench = openBench();

describe('a step that fails', () => {
  it.each([
    ['installControlPlane', 'ClusterUnreachable'],
    // A release that cannot be fetched is waited for in the preflight: that rejects nothing.
    ['runPreflight', 'DownloadFailed'],
  ] as const)('is tried again by itself where that can heal it: %s, %s', async (activity, reason) => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail(activity, failure(reason), 3);
    await run.reaches('awaitingPromotion');
    expect(run.mesh.script.begun().filter((call) => call === activity)).toHaveLength(4);
    expect((await run.state()).timeline.map(({ phase }) => phase)).not.toContain('blocked');
  });

  it('blocks the run with its reason, sentence and remedy, and is done again when a person says so', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail('installControlPlane', failure('InstallFailed', 'istioctl install ended with 1: no space'));
    await run.reaches('blocked');
    expect((await run.state()).phase).toEqual({
      name: 'blocked',
      during: { name: 'installing' },
      obstacle: {
        reason: 'InstallFailed',
        message: 'istioctl install ended with 1: no space',
        remedy: FAILURES.InstallFailed.nextStep,
      },
    });
    expect(run.mesh.script.begun().filter((call) => call === 'installControlPlane')).toHaveLength(1);

    expect((await run.retry()).phase.name).toBe('installing');
    await run.reaches('awaitingPromotion');
  });

  it('blocks the run in the preflight when that takes too long, and goes on from there', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail('runPreflight', failure('DownloadFailed', 'the server answered 503'), 25);
    await run.reaches('blocked');
    expect((await run.state()).phase).toMatchObject({
      during: { name: 'preflight' },
      obstacle: { reason: 'DownloadFailed', message: 'the server answered 503' },
    });
    await run.retry();
    await run.reaches('awaitingPromotion');
  });

  it('removes nothing while the old revision is in use', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.fail('checkOldRevisionUnused', failure('OldRevisionInUse'));
    await run.promoteAll('finalize');
    await run.reaches('blocked');
    expect(run.mesh.script.begun()).not.toContain('removeOldControlPlane');
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);
    await run.retry();
    expect((await run.end()).phase.name).toBe('succeeded');
  });
});

describe('a namespace that fails', () => {
  const spec = { canary: { cart: ['web'], pay: ['web'], shop: ['web'] }, options: { parallelWorkloads: 2 } };

  it('lets the ones under way finish, begins no other, and is the only one moved again', async () => {
    const run = await bench.start(spec);
    const { script } = run.mesh;
    const hold = script.hold('moveWorkload pay/web forward');
    script.fail('moveWorkload cart/web forward', failure('WorkloadNotReady', 'cart/web crashes'));
    await script.sees('moveWorkload cart/web forward', 'failed');
    await script.sees('moveWorkload pay/web forward', 'begun');
    hold.open();
    await run.reaches('blocked');

    const rows = (await run.state()).namespaces;
    expect(rows.map(({ namespace, status }) => `${namespace} ${status}`)).toEqual([
      'cart failed',
      'pay moved',
      'shop waiting',
    ]);
    expect(rows[0]?.detail).toBe('cart/web crashes');

    await run.retry();
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.restarts.values()]).toEqual([1, 1, 1]);
    expect(script.begun().filter((call) => call === 'labelNamespace pay forward')).toHaveLength(1);
  });

  it('takes the run back by itself where the policy says so, but not for what is no fault of a workload', async () => {
    const policy = policySchema.parse({ onFailure: { workload: 'rollBack' } });
    const run = await bench.start({ ...spec, options: { policy } });
    const { script } = run.mesh;
    script.fail('labelNamespace cart forward', failure('NamespaceChanged'));
    await run.reaches('blocked');
    script.fail('moveWorkload cart/web forward', failure('CrashLoopBackOff', 'cart/web crashes'));
    await run.retry();
    const end = await run.end();
    expect(end).toMatchObject({
      phase: { name: 'rolledBack' },
      rollback: { by: 'meshlift', reason: 'cart/web crashes' },
    });
    expect([...run.mesh.labels.values()]).toEqual(['old', 'old', 'old']);
  });

  it('can be left out instead', async () => {
    const run = await bench.start(spec);
    run.mesh.script.fail('labelNamespace cart forward', failure('NamespaceChanged'));
    await run.reaches('blocked');
    await run.skip('cart');
    await run.retry();
    await run.reaches('awaitingPromotion');
    expect((await run.state()).namespaces.map(({ status }) => status)).toEqual(['skipped', 'moved', 'moved']);
  });
});
