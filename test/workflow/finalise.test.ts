import { describe, expect, it } from 'vitest';
import { restorationOf } from '../../domain/restoration.js';
import { openBench } from './support/bench.js';
import { atRest } from './support/history.js';
import { failure } from './support/failure.js';
import { restoreRun } from './support/run.js';

const bench = openBench();
const SHOP = { canary: { catalog: ['api'] }, rest: { cart: ['web'] } };
const REMOVAL = ['adoptDefaultService', 'removeOldInjection', 'removeOldControlPlane', 'verifyMesh'];

const without = (calls: readonly string[]) => calls.filter((call) => !/^(list|record)/.test(call));

describe('finalising', () => {
  it('looks twice, with the soak between, and removes only after the second look', async () => {
    const run = await bench.start({ ...SHOP, options: { finalizeSoakSeconds: 3600 } });
    await run.promoteAll('canary', 'finalize');
    const end = await run.end();
    const calls = without(run.mesh.script.begun());
    expect(calls.slice(calls.indexOf('checkOldRevisionUnused'))).toEqual([
      'checkOldRevisionUnused',
      'checkOldRevisionUnused',
      ...REMOVAL,
      'releaseCluster',
    ]);
    const [began, ended] = end.timeline.slice(-2).map(({ at }) => Date.parse(at));
    expect(ended! - began!).toBeGreaterThanOrEqual(3_600_000);
  });

  it('is blocked by what the second look finds, with nothing removed, and looks twice again when it is retried', async () => {
    const run = await bench.start({ ...SHOP, options: { finalizeSoakSeconds: 60 } });
    const { script } = run.mesh;
    const hold = script.hold('checkOldRevisionUnused');
    await run.promoteAll('canary', 'finalize');
    await script.sees('checkOldRevisionUnused', 'begun');
    // The first look is under way: the failure is the second one's, after the soak.
    hold.open();
    await script.sees('checkOldRevisionUnused', 'ended');
    script.fail('checkOldRevisionUnused', failure('OldRevisionInUse'));
    await atRest(run.handle);
    await bench.env().sleep('2m');
    await run.reaches('blocked');
    expect(script.begun()).not.toContain('adoptDefaultService');
    expect((await run.state()).removing).toBe(false);
    await run.retry();
    expect(await run.end()).toMatchObject({ phase: { name: 'succeeded' }, removing: true });
    expect(script.begun().filter((call) => call === 'checkOldRevisionUnused')).toHaveLength(4);
  });

  it('removes nothing while it is paused, however long the soak has been over', async () => {
    const run = await bench.start({ ...SHOP, options: { finalizeSoakSeconds: 60 } });
    const { script } = run.mesh;
    const hold = script.hold('checkOldRevisionUnused');
    await run.promoteAll('canary', 'finalize');
    await script.sees('checkOldRevisionUnused', 'begun');
    await run.pause();
    hold.open();
    await script.sees('checkOldRevisionUnused', 'ended');
    await atRest(run.handle);
    await bench.env().sleep('1h');
    expect(without(script.begun()).at(-1)).toBe('checkOldRevisionUnused');
    await run.resume();
    expect((await run.end()).phase.name).toBe('succeeded');
  });
});

describe('a run that takes back a succeeded one', () => {
  it('restores the old control plane first, then goes the way of every rollback', async () => {
    const run = await bench.start(SHOP);
    await run.promoteAll('canary', 'finalize');
    const done = await run.end();
    const before = run.mesh.script.begun().length;
    const restored = await restoreRun(bench.env().client, run.mesh, restorationOf(done, 'too slow')!);
    const end = await restored.end();

    expect(end).toMatchObject({
      phase: { name: 'rolledBack' },
      restores: { runId: done.runId },
      rollback: { by: 'ada', reason: 'too slow' },
    });
    expect(end.runId).not.toBe(done.runId);
    expect(end.timeline.map(({ phase }) => phase)).toEqual(['rollingBack', 'rolledBack']);
    const calls = without(run.mesh.script.begun().slice(before));
    expect(calls[0]).toBe('restoreOldControlPlane');
    expect(calls.slice(-5)).toEqual([
      'restoreGateways',
      'confirmMovedBack',
      'removeNewControlPlane',
      'compareWithSnapshot',
      'releaseCluster',
    ]);
    expect([...run.mesh.controlPlanes]).toEqual(['old']);
    expect([...run.mesh.labels.values()]).toEqual(['old', 'old']);
    expect([...run.mesh.restarts.values()]).toEqual([1, 1, 1, 1]);
  });

  it('that fails says what to type, the restoration first, and goes on when it is retried', async () => {
    const run = await bench.start(SHOP);
    await run.promoteAll('canary', 'finalize');
    const done = await run.end();
    run.mesh.script.fail('restoreOldControlPlane', failure('ControlPlaneNotReady'));
    const restored = await restoreRun(bench.env().client, run.mesh, restorationOf(done, 'too slow')!);
    await restored.reaches('rollbackBlocked');
    const { phase } = await restored.state();
    if (phase.name !== 'rollbackBlocked') throw new Error(phase.name);
    expect(phase.manualCommands[0]).toContain(`runs/${run.mesh.cluster}/${done.runId}/backup/`);
    expect(phase.manualCommands.filter((line) => line.startsWith('kubectl label namespace'))).toHaveLength(2);
    await restored.retry();
    expect((await restored.end()).phase.name).toBe('rolledBack');
  });
});
