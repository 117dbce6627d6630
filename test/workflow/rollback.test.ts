import { describe, expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';
import { ROUTE_FROM_1_5, type FakeMesh } from './support/fake-mesh.js';
import { refusalOf } from './support/run.js';

const bench = openBench();
const SHOP = { canary: { catalog: ['api'] }, rest: { cart: ['web'], pay: ['web'] } };
const CLEAN_UP = [
  'restoreGateways',
  'confirmMovedBack',
  'removeNewControlPlane',
  'compareWithSnapshot',
  'releaseCluster',
];

/** What a run began since a call, without what only lists or records. */
function begunSince({ script }: FakeMesh, call: string): string[] {
  const begun = script.begun().filter((each) => !/^(list|record)/.test(each));
  return begun.slice(begun.lastIndexOf(call) + 1);
}

const back = (namespace: string, name: string) => [
  `labelNamespace ${namespace} back`,
  `moveWorkload ${namespace}/${name} back`,
  // Two scans in a row must be clean.
  `verifyNamespace ${namespace} back`,
  `verifyNamespace ${namespace} back`,
];

describe('a rollback', () => {
  it('from the canary gate brings back what was moved and nothing else, sidecars before the control plane', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    expect((await run.rollBack()).phase.name).toBe('rollingBack');
    const end = await run.end();

    expect(end.phase.name).toBe('rolledBack');
    expect(end.rollback).toMatchObject({ by: 'ada', reason: 'because' });
    expect(end.proof).toEqual([{ name: 'pods', ok: true, detail: 'all looked at' }]);
    expect(begunSince(run.mesh, 'verifyNamespace catalog forward')).toEqual([...back('catalog', 'api'), ...CLEAN_UP]);
    expect(end.namespaces.map(({ status }) => status)).toEqual(['movedBack', 'waiting', 'waiting']);
    expect([...run.mesh.controlPlanes]).toEqual(['old']);
  });

  it('from the last gate brings everything back, each workload once', async () => {
    const run = await bench.start(SHOP);
    await run.promoteAll('canary');
    await run.reaches('awaitingPromotion', 2);
    await run.rollBack();
    const end = await run.end();
    expect(end.namespaces.map(({ status }) => status)).toEqual(['movedBack', 'movedBack', 'movedBack']);
    expect([...run.mesh.labels.values()]).toEqual(['old', 'old', 'old']);
    expect([...run.mesh.restarts.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('in the middle of a wave cuts the move off, and begins when that has really ended', async () => {
    const run = await bench.start({ canary: { cart: ['web', 'late'] }, options: { parallelWorkloads: 1 } });
    const { script } = run.mesh;
    const hold = script.hold('moveWorkload cart/web forward', { stubborn: true });
    await script.sees('moveWorkload cart/web forward', 'begun');
    await run.rollBack();
    await script.sees('moveWorkload cart/web forward', 'cancelling');
    expect(script.begun().filter((call) => call.endsWith(' back'))).toEqual([]);
    hold.open();

    const end = await run.end();
    expect(end.phase.name).toBe('rolledBack');
    const lines = script.log.map(({ call, outcome }) => `${outcome} ${call}`);
    expect(lines.indexOf('cancelled moveWorkload cart/web forward')).toBeLessThan(
      lines.indexOf('begun labelNamespace cart back'),
    );
    expect(lines).not.toContain('begun moveWorkload cart/late forward');
    expect(end.namespaces).toMatchObject([{ namespace: 'cart', status: 'movedBack' }]);
  });

  it('from a blocked run also brings back the namespace that failed', async () => {
    const run = await bench.start(SHOP);
    run.mesh.script.fail('moveWorkload catalog/api forward', failure('WorkloadNotReady'));
    await run.reaches('blocked');
    await run.rollBack();
    const end = await run.end();
    expect(end.phase.name).toBe('rolledBack');
    expect(run.mesh.labels.get('catalog')).toBe('old');
    expect(end.namespaces[0]).toMatchObject({ namespace: 'catalog', status: 'movedBack' });
  });

  it('of a half-installed control plane removes just that', async () => {
    const run = await bench.start(SHOP);
    run.mesh.script.fail('installControlPlane', failure('InstallFailed'));
    await run.reaches('blocked');
    await run.rollBack();
    expect((await run.end()).phase.name).toBe('rolledBack');
    expect(begunSince(run.mesh, 'installControlPlane')).toEqual(CLEAN_UP);
  });

  it('ends a pause', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    await run.pause();
    expect((await run.rollBack()).pause).toBeNull();
    expect((await run.end()).phase.name).toBe('rolledBack');
  });

  it('is refused before anything has changed', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    const { script } = run.mesh;
    const hold = script.hold('fetchRelease');
    await script.sees('fetchRelease', 'begun');
    expect(await refusalOf(run.rollBack())).toBe('WrongPhase');
    hold.open();
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });

  it('between the two looks finds the old control plane whole', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    const { script } = run.mesh;
    script.hold('checkOldRevisionUnused');
    await run.promoteAll('finalize');
    await script.sees('checkOldRevisionUnused', 'begun');
    await run.rollBack();
    expect(await run.end()).toMatchObject({ phase: { name: 'rolledBack' }, removing: false });
    expect(script.begun()).not.toContain('adoptDefaultService');
    expect(script.begun()).not.toContain('restoreOldControlPlane');
  });

  it('in the middle of the removal first brings the old control plane back', async () => {
    const run = await bench.start({ canary: { cart: ['web'] }, options: { finalizeSoakSeconds: 0 } });
    const { script } = run.mesh;
    script.fail('verifyMesh', failure('ValidationBroken'));
    await run.promoteAll('finalize');
    await run.reaches('blocked');
    expect([...run.mesh.controlPlanes]).toEqual(['new']);
    await run.rollBack();
    const end = await run.end();
    expect(end).toMatchObject({ phase: { name: 'rolledBack' }, removing: true });
    expect(begunSince(run.mesh, 'verifyMesh')).toEqual(['restoreOldControlPlane', ...back('cart', 'web'), ...CLEAN_UP]);
    expect([...run.mesh.controlPlanes]).toEqual(['old']);
  });
});

describe('a rollback to 1.5', () => {
  const FROM_1_5 = { ...SHOP, route: ROUTE_FROM_1_5 };

  it('proves the way back before the first change', async () => {
    const run = await bench.start(FROM_1_5);
    run.mesh.script.fail('prepareWayBack', failure('WayBackUnusable'));
    await run.reaches('blocked');
    expect(run.mesh.script.begun()).not.toContain('installControlPlane');
    expect((await run.state()).changed).toBe(false);
    await run.cancel();
    expect((await run.end()).phase.name).toBe('cancelled');
  });

  it('installs 1.5 again after every sidecar and gateway is back, and before the left-overs go', async () => {
    const run = await bench.start(FROM_1_5);
    await run.reaches('awaitingPromotion');
    await run.rollBack();
    const end = await run.end();
    expect(end.phase.name).toBe('rolledBack');
    expect(begunSince(run.mesh, 'verifyNamespace catalog forward')).toEqual([
      ...back('catalog', 'api'),
      'restoreGateways',
      'confirmMovedBack',
      'reinstallSource',
      'removeNewControlPlane',
      'compareWithSnapshot',
      'releaseCluster',
    ]);
  });

  it('that cannot install it says what to type, and does it when it is retried', async () => {
    const run = await bench.start(FROM_1_5);
    await run.reaches('awaitingPromotion');
    run.mesh.script.fail('reinstallSource', failure('ReinstallFailed'));
    await run.rollBack();
    await run.reaches('rollbackBlocked');
    const { phase } = await run.state();
    if (phase.name !== 'rollbackBlocked') throw new Error(phase.name);
    expect(phase.manualCommands).toContainEqual('bin/istioctl manifest apply --set profile=asm-multicloud');
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);
    await run.retry();
    expect((await run.end()).phase.name).toBe('rolledBack');
  });
});

describe('a rollback that fails', () => {
  it('says what is left to type, and goes on from there when it is retried', async () => {
    const run = await bench.start(SHOP);
    await run.promoteAll('canary');
    await run.reaches('awaitingPromotion', 2);
    run.mesh.script.fail('moveWorkload cart/web back', failure('WorkloadNotReady'));
    await run.rollBack();
    await run.reaches('rollbackBlocked');

    const { phase } = await run.state();
    if (phase.name !== 'rollbackBlocked') throw new Error(phase.name);
    expect(phase.obstacle.reason).toBe('WorkloadNotReady');
    const labelled = phase.manualCommands.filter((line) => line.startsWith('kubectl label namespace'));
    expect(labelled).toContainEqual(expect.stringContaining('namespace cart '));
    expect(labelled).not.toContainEqual(expect.stringContaining('namespace catalog '));
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);

    await run.retry();
    expect((await run.end()).phase.name).toBe('rolledBack');
    expect(run.mesh.restarts.get('catalog/api back')).toBe(1);
    expect(run.mesh.restarts.get('cart/web back')).toBe(1);
  });

  it('is held by a Job with the new sidecar before anything of the new control plane goes, and says what ends it', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    const commands = ['kubectl wait job/long -n catalog'];
    run.mesh.script.fail('confirmMovedBack', failure('JobsUnfinished', 'a Job runs', { commands }));
    await run.rollBack();
    await run.reaches('rollbackBlocked');
    const { phase } = await run.state();
    if (phase.name !== 'rollbackBlocked') throw new Error(phase.name);
    expect(phase.manualCommands.slice(0, 2)).toEqual([...commands, expect.stringContaining('kubectl')]);
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);
    expect(run.mesh.script.begun()).not.toContain('removeNewControlPlane');
    await run.retry();
    expect((await run.end()).phase.name).toBe('rolledBack');
  });

  it('leaves no namespace command when only the clean-up is left', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    run.mesh.script.fail('compareWithSnapshot', failure('SnapshotDiffers'));
    await run.rollBack();
    await run.reaches('rollbackBlocked');
    const { phase } = await run.state();
    expect(phase).toMatchObject({ name: 'rollbackBlocked', obstacle: { reason: 'SnapshotDiffers' } });
    expect(
      'manualCommands' in phase && phase.manualCommands.filter((line) => line.includes('label namespace')),
    ).toEqual([]);
    await run.retry();
    expect((await run.end()).phase.name).toBe('rolledBack');
  });
});
