import { describe, expect, it } from 'vitest';
import { INSPECT_WORKFLOW, PLAN_WORKFLOW, TASK_QUEUE } from '../../workflows/messages.js';
import type { inspect } from '../../workflows/inspect.js';
import type { plan } from '../../workflows/plan.js';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';
import { HASH, phasesIn, requestFor, type FakeMesh } from './support/fake-mesh.js';
import { digested } from './support/history.js';
import { mostAtOnce } from './support/script.js';

const bench = openBench();
const SHOP = { canary: { catalog: ['api'] }, rest: { cart: ['web', 'db'], pay: ['web'] } };
const MUTATING = /^(install|label|move|adopt|remove|restore)/;
const blocker = {
  check: 'MESH011',
  severity: 'blocker',
  reason: 'UnsupportedSource',
  message: 'm',
  remedy: 'r',
} as const;

/** The calls that ended, without those that only read. */
const steps = ({ script }: FakeMesh) =>
  script.log.filter(({ call, outcome }) => outcome === 'ended' && !/^(list|record)/.test(call)).map(({ call }) => call);

describe('the whole story', () => {
  it('goes to succeeded, step by step, and tells every transition once and in order', async () => {
    const run = await bench.start(SHOP);
    await run.promoteAll('canary', 'finalize');
    const end = await run.end();

    const { mesh } = run;
    expect(end.phase.name).toBe('succeeded');
    expect(end.proof).toEqual([{ name: 'pods', ok: true, detail: 'all looked at' }]);
    expect(end.promotions.map(({ gate, by }) => `${gate} by ${by}`)).toEqual(['canary by ada', 'finalize by ada']);
    expect(
      end.namespaces.map(({ namespace, status, workloads, pods }) => ({ namespace, status, workloads, pods })),
    ).toEqual([
      { namespace: 'catalog', status: 'moved', workloads: 1, pods: 1 },
      { namespace: 'cart', status: 'moved', workloads: 2, pods: 2 },
      { namespace: 'pay', status: 'moved', workloads: 1, pods: 1 },
    ]);
    expect([...mesh.controlPlanes]).toEqual(['new']);
    expect([...mesh.restarts.values()]).toEqual([1, 1, 1, 1]);

    const calls = steps(mesh);
    expect(calls.slice(0, 11)).toEqual([
      'holdCluster',
      'makePlan',
      'runPreflight',
      'fetchRelease',
      'takeSnapshot',
      'installControlPlane',
      'verifyControlPlane',
      'notePodHealth canary',
      'labelNamespace catalog forward',
      'moveWorkload catalog/api forward',
      'verifyNamespace catalog forward',
    ]);
    expect(calls.slice(-8)).toEqual([
      'confirmMoved',
      'checkOldRevisionUnused',
      'checkOldRevisionUnused',
      'adoptDefaultService',
      'removeOldInjection',
      'removeOldControlPlane',
      'verifyMesh',
      'releaseCluster',
    ]);
    expect(calls.indexOf('verifyNamespace catalog forward')).toBeLessThan(calls.indexOf('labelNamespace cart forward'));

    expect(phasesIn(mesh)).toEqual(end.timeline.map(({ phase }) => phase));
    expect(phasesIn(mesh)).toEqual([
      'planning',
      'preflight',
      'preparing',
      'installing',
      'verifying',
      'migrating',
      'awaitingPromotion',
      'migrating',
      'awaitingPromotion',
      'finalizing',
      'succeeded',
    ]);
    expect(mesh.journal.map(({ key }) => key)).toEqual(mesh.journal.map((_, index) => `transition/${index + 1}`));
    expect(mesh.journal.map(({ at }) => at)).toEqual(mesh.journal.map(({ at }) => at).toSorted());
  });

  it('takes along a namespace that came after the plan, with the last wave and both ways', async () => {
    const run = await bench.start({ ...SHOP, options: { exclude: ['lab'] } });
    await run.reaches('awaitingPromotion');
    const { mesh } = run;
    for (const name of ['late', 'lab']) {
      mesh.labels.set(name, 'old');
      mesh.workloads.set(name, ['web']);
    }
    await run.promote('canary');
    await run.reaches('awaitingPromotion', 2);
    const state = await run.state();
    expect(state.namespaces.map(({ namespace, wave, status }) => `${namespace} ${wave} ${status}`)).toEqual([
      'catalog 0 moved',
      'cart 1 moved',
      'pay 1 moved',
      'late 1 moved',
    ]);
    expect(state.plan?.waves.map(({ namespaces }) => namespaces)).toEqual([['catalog'], ['cart', 'pay', 'late']]);
    await run.rollBack();
    expect((await run.end()).phase.name).toBe('rolledBack');
    expect([mesh.labels.get('late'), mesh.sidecars.get('late/web')]).toEqual(['old', 'old']);
    expect([...mesh.restarts].filter(([key]) => key.startsWith('la'))).toEqual([
      ['late/web forward', 1],
      ['late/web back', 1],
    ]);
    expect(JSON.stringify(mesh.journal)).toContain('not in the plan, joins the last wave: late');
  });

  it('has a gate before anything is removed, also when no namespace is to be moved', async () => {
    const run = await bench.start({ canary: {} });
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.controlPlanes]).toEqual(['old', 'new']);
    await run.promote('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });

  it('goes on while the journal cannot be written, and writes all of it later', async () => {
    const run = await bench.start({ canary: { catalog: ['api'] } });
    await run.reaches('awaitingPromotion');
    run.mesh.script.fail('recordEvents', failure('KubernetesRequestFailed'), 2);
    await run.promote('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(run.mesh.journal.map(({ key }) => key)).toEqual(
      run.mesh.journal.map((_, index) => `transition/${index + 1}`),
    );
    expect(phasesIn(run.mesh).at(-1)).toBe('succeeded');
  });
});

describe('a plan with a blocker', () => {
  it('ends in rejected, and nothing that changes the cluster is called', async () => {
    const run = await bench.start({ ...SHOP, findings: [blocker] });
    const end = await run.end();
    expect(end.phase.name).toBe('rejected');
    expect(end.changed).toBe(false);
    expect(end.findings).toEqual([blocker]);
    expect(run.mesh.script.begun().filter((call) => MUTATING.test(call))).toEqual([]);
    expect(run.mesh.script.begun()).not.toContain('fetchRelease');
  });
});

describe('the move of namespaces', () => {
  it('hands the budget of the policy to one scheduler for all of them, and tells what has begun and ended', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const namespaces = Object.fromEntries(names.map((name) => [name, ['w1', 'w2', 'w3', 'w4', 'w5']]));
    const run = await bench.start({ canary: namespaces, options: { parallelWorkloads: 3 } });
    const { script } = run.mesh;
    const holds = names.flatMap((name) =>
      [1, 2, 3, 4, 5].map((n) => script.hold(`moveWorkload ${name}/w${n} forward`)),
    );
    await script.sees('moveWorkload a/w3 forward', 'begun');
    const statuses = async () => (await run.state()).namespaces.map(({ status }) => status);
    expect(await statuses()).toEqual(['moving', 'waiting', 'waiting', 'waiting']);

    holds.forEach((hold) => hold.open());
    await run.reaches('awaitingPromotion');
    const isMove = ({ call }: { call: string }) => call.startsWith('moveWorkload ');
    const most = mostAtOnce(
      script.log,
      (line) => isMove(line) && line.outcome === 'begun',
      (line) => isMove(line) && line.outcome === 'ended',
    );
    expect(most).toBe(3);
    expect(await statuses()).toEqual(['moved', 'moved', 'moved', 'moved']);
    const words = await digested(run.handle, 'ended moveNamespaces');
    expect(words.filter((word) => word === 'begins moveNamespaces')).toHaveLength(1);
  });

  it('also moves a workload that appears meanwhile', async () => {
    const run = await bench.start({ canary: { catalog: ['api'] } });
    const hold = run.mesh.script.hold('moveWorkload catalog/api forward');
    await run.mesh.script.sees('moveWorkload catalog/api forward', 'begun');
    run.mesh.workloads.get('catalog')?.push('late');
    hold.open();
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.restarts]).toEqual([
      ['catalog/api forward', 1],
      ['catalog/late forward', 1],
    ]);
    expect((await run.state()).namespaces[0]).toMatchObject({ status: 'moved', workloads: 2, pods: 2 });
  });

  it('moves one that comes during the last look, and then looks twice again', async () => {
    const run = await bench.start({ canary: { catalog: ['api'] } });
    const hold = run.mesh.script.hold('verifyNamespace catalog forward');
    await run.mesh.script.sees('verifyNamespace catalog forward', 'begun');
    run.mesh.workloads.get('catalog')?.push('late');
    hold.open();
    await run.reaches('awaitingPromotion');
    expect([...run.mesh.restarts]).toEqual([
      ['catalog/api forward', 1],
      ['catalog/late forward', 1],
    ]);
    const calls = run.mesh.script.begun().filter((call) => call.includes('catalog'));
    expect(calls.filter((call) => call.startsWith('verifyNamespace'))).toHaveLength(3);
    expect(calls.slice(-4)).toEqual([
      'verifyNamespace catalog forward',
      'listWorkloads catalog',
      'verifyNamespace catalog forward',
      'listWorkloads catalog',
    ]);
  });

  it('counts only what it had to restart', async () => {
    const run = await bench.start({ canary: { catalog: ['api', 'done'] } });
    const hold = run.mesh.script.hold('labelNamespace catalog forward');
    await run.mesh.script.sees('labelNamespace catalog forward', 'begun');
    run.mesh.sidecars.set('catalog/done', 'new');
    hold.open();
    await run.reaches('awaitingPromotion');
    expect((await run.state()).namespaces[0]).toMatchObject({ workloads: 1, pods: 2 });
  });
});

describe('questions about a cluster', () => {
  it('answers what an upgrade would do, with the findings of every check', async () => {
    const mesh = bench.mesh({ ...SHOP, findings: [blocker] });
    const answer = await bench.env().client.workflow.execute<typeof plan>(PLAN_WORKFLOW, {
      workflowId: 'plan-it',
      taskQueue: TASK_QUEUE,
      args: [requestFor(mesh.cluster)],
    });
    expect(answer.hash).toBe(HASH);
    expect(answer.findings).toEqual([blocker]);
    expect(mesh.script.begun().sort()).toEqual(['makePlan', 'planWorkloads catalog cart pay', 'runPreflight']);
    expect(answer.workloads).toEqual([]);
  });

  it('answers what is there', async () => {
    const mesh = bench.mesh(SHOP);
    const answer = await bench.env().client.workflow.execute<typeof inspect>(INSPECT_WORKFLOW, {
      workflowId: 'inspect-it',
      taskQueue: TASK_QUEUE,
      args: [mesh.cluster],
    });
    expect(answer).toMatchObject({ cluster: mesh.cluster, kubernetes: '1.21' });
    expect(mesh.script.begun()).toEqual(['detectMesh']);
  });
});
