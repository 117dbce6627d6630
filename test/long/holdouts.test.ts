import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { eventually } from '../e2e/support/eventually.js';
import { proxyTag, type KubeObject } from '../e2e/support/mesh-facts.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { barePod, isReady, job, namespace, workload } from '../e2e/support/zoo.js';
import { listOf, NEW, OLD, startWaived } from './support/shared.js';

/** What cannot simply be restarted: Jobs and bare pods hold a rollback, a Deployment that could create no pod does not. */
describe('what holds out', () => {
  let mesh: Mesh;
  let run: string;
  let web: KubeObject[];
  let template: unknown;

  beforeAll(async () => {
    mesh = await startMesh('long-holdouts');
    const one = [namespace('yard'), workload('Deployment', 'yard/web', { replicas: 2 })];
    await mesh.facts.apply(listOf([...one, namespace('full'), workload('Deployment', 'full/web')]));
    for (const [place, pods] of [['yard', 2] as const, ['full', 1] as const]) {
      await eventually(`the pods of ${place}`, async () => {
        const there = await mesh.facts.list('pods', '-n', place);
        return there.length === pods && there.every(isReady);
      });
    }
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full', namespace: 'full' } };
    await mesh.facts.apply({ ...quota, spec: { hard: { pods: '1' } } });
    web = await mesh.facts.list('pods', '-n', 'full');
    template = await templateOf('full');
  });
  afterAll(async () => mesh.stop());

  const templateOf = async (place: string) =>
    (await mesh.facts.list('deployments', '-n', place)).map(({ spec }) => spec?.['template']);

  async function blockedRollback(): Promise<Extract<RunState['phase'], { name: 'rollbackBlocked' }>> {
    const { phase } = await mesh.api.until(run, (state) => state.phase.name === 'rollbackBlocked');
    if (phase.name !== 'rollbackBlocked') throw new Error(phase.name);
    return phase;
  }

  it('a quota stops the wave; Jobs and a pod of somebody begin with the new sidecar meanwhile', async () => {
    run = await startWaived(mesh, { canary: ['yard', 'full'], workloadTimeoutSeconds: 30 });
    const { phase } = await mesh.api.until(run, (state) => state.phase.name === 'blocked');
    expect(phase).toMatchObject({ obstacle: { reason: 'FailedCreateQuota' } });
    const batch = (kind: string, name: string, spec: object) => ({
      apiVersion: 'batch/v1',
      kind,
      metadata: { name, namespace: 'yard' },
      spec,
    });
    const nightly = batch('CronJob', 'nightly', { schedule: '0 3 1 1 *', jobTemplate: { spec: job } });
    await mesh.facts.apply(listOf([batch('Job', 'month-end', job), nightly, barePod('yard/hand')]));
    await mesh.facts.run('create', 'job', 'nightly-1', '--from=cronjob/nightly', '-n', 'yard');
    await eventually('their pods', async () => {
      const pods = await mesh.facts.list('pods', '-n', 'yard');
      return pods.filter((pod) => isReady(pod) && proxyTag(pod) === NEW).length === 5;
    });
  });

  it('a rollback takes the restart back that the quota had stopped, and touches no pod', async () => {
    expect((await mesh.api.command(run, 'rollback', { reason: 'no room' })).status).toBe(200);
    await blockedRollback();
    const uids = (pods: readonly KubeObject[]) => pods.map(({ metadata }) => metadata.uid);
    expect(uids(await mesh.facts.list('pods', '-n', 'full'))).toEqual(uids(web));
    expect(await templateOf('full')).toEqual(template);
    const done = (await mesh.api.operations(run)).filter(({ id }) => id.startsWith('take-back/Deployment full/web'));
    expect(done.map(({ outcome }) => outcome)).toEqual(['succeeded']);
  });

  it('is held by the bare pod, names it with the Jobs, and keeps the new control plane', async () => {
    const { obstacle, manualCommands } = await blockedRollback();
    expect(obstacle.reason).toBe('PodsUnmanaged');
    expect(obstacle.message).toContain('pod yard/hand (bare)');
    expect(obstacle.message).toMatch(/pod yard\/month-end-\S+ \(Job month-end\)/);
    expect(obstacle.message).toMatch(/pod yard\/nightly-1-\S+ \(Job nightly-1( of CronJob nightly)?\)/);
    expect(obstacle.message).toContain('It gets certificates and configuration from that control plane');
    expect(manualCommands).toContain('kubectl delete pod hand -n yard');
    const istiods = await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'app=istiod');
    expect(istiods.map(({ metadata }) => metadata.name).sort()).toEqual(['istiod', 'istiod-asm-1614-2']);
    await mesh.facts.run('delete', 'pod', 'hand', '-n', 'yard');
  });

  it('waits for Jobs up to its deadline, then names each with the command that ends it', async () => {
    expect((await mesh.api.command(run, 'retry')).status).toBe(200);
    const { obstacle, manualCommands } = await blockedRollback();
    expect(obstacle.reason).toBe('JobsUnfinished');
    expect(obstacle.message).toContain('`kubectl delete job month-end -n yard`');
    expect(obstacle.message).toContain('`kubectl delete job nightly-1 -n yard`');
    expect(manualCommands).toContain('kubectl wait job/month-end -n yard --for=condition=Complete --timeout=-1s');
    const waits = (await mesh.api.operations(run)).filter(({ id }) => id.startsWith('confirm-moved-back'));
    expect(waits.at(-1)?.progress).toMatch(/^waits for pod yard\/.*month-end/);
  });

  it('goes on by itself when they finish, and ends where it began', async () => {
    expect((await mesh.api.command(run, 'retry')).status).toBe(200);
    await mesh.facts.run('delete', 'job', 'month-end', '-n', 'yard');
    await mesh.facts.run('annotate', 'pods', '-n', 'yard', '-l', 'job-name', 'sandbox.meshlift.dev/keeps-running-');
    const { proof } = await mesh.api.untilPhase(run, 'rolledBack');
    expect(proof.filter(({ ok }) => !ok)).toEqual([]);
    expect((await mesh.facts.podsByProxy())['yard']).toEqual({ [OLD]: 2 });
  });

  it('a bare pod that was waived stays behind as it is, through to the end', async () => {
    await mesh.facts.run('delete', 'resourcequota', 'full', '-n', 'full');
    await mesh.facts.apply(barePod('yard/lone'));
    const lone = async () => mesh.facts.run('get', 'pod', 'lone', '-n', 'yard', '-o', 'jsonpath={.metadata.uid}');
    await eventually('the lone pod', async () => (await mesh.facts.list('pods', '-n', 'yard')).every(isReady));
    const uid = await lone();
    run = await startWaived(mesh, { canary: ['yard'], finalizeSoakSeconds: 1 }, ['MESH023']);
    for (const gate of ['canary', 'finalize']) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    const { proof, findings } = await mesh.api.untilPhase(run, 'succeeded');
    expect(findings.find(({ check }) => check === 'MESH023')).toMatchObject({ waived: 'a rehearsal' });
    expect(proof.find(({ name }) => name === 'all sidecars are new')?.detail).toMatch(/waived: yard\/lone$/);
    expect(await lone()).toBe(uid);
    expect((await mesh.facts.podsByProxy())['yard']).toEqual({ [NEW]: 2, [OLD]: 1 });
    const istiods = await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'app=istiod');
    expect(istiods.map(({ metadata }) => metadata.name)).toEqual(['istiod-asm-1614-2']);
  });
});
