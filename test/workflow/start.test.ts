import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../api/api-problem.js';
import { rollBack } from '../../api/temporal-restore.js';
import { startOnce } from '../../api/temporal-start.js';
import type { RunState } from '../../domain/run.js';
import { openBench, startDevServer } from './support/bench.js';
import { requestFor, ROUTE } from './support/fake-mesh.js';

const bench = openBench(startDevServer);

/** A run that has succeeded, and stays open until it may give its cluster back. */
async function startAndSucceed() {
  const run = await bench.start({ canary: { cart: ['web'] } });
  const { script, cluster } = run.mesh;
  const hold = script.hold('releaseCluster');
  await run.promoteAll('finalize');
  await script.sees('releaseCluster', 'begun');
  return { run, cluster, hold };
}

/** What the API does when a start, or a rollback, comes while a run of the cluster is still open. */
describe('a start', () => {
  const start = (cluster: string, key: string) =>
    startOnce(bench.env().client, { request: requestFor(cluster), key, by: 'ada' });

  it('in the instant after the end of a run waits until that has given its cluster back', async () => {
    const { run, cluster, hold } = await startAndSucceed();
    expect((await run.state()).phase.name).toBe('succeeded');

    // Only when the first try has been refused may the run before close.
    const tried: string[] = [];
    const refusing: WorkflowClientInterceptor = {
      startWithDetails: async (input, next) => {
        tried.push('begun');
        return next(input).finally(() => hold.open());
      },
    };
    const client = new Client({ connection: bench.env().connection, interceptors: { workflow: [refusing] } });
    const { runId, created } = await startOnce(client, { request: requestFor(cluster), key: 'k1', by: 'ada' });
    expect([created, tried.length]).toEqual([true, 2]);
    expect(runId).not.toBe((await run.end()).runId);
    expect(await start(cluster, 'k1')).toEqual({ runId, created: false });
    await bench.env().client.workflow.getHandle(run.handle.workflowId).terminate('the test is over');
  });

  it('is refused at once while a run goes on', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    await run.reaches('awaitingPromotion');
    const refused = await start(run.mesh.cluster, 'k2').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiProblem);
    expect(refused).toMatchObject({ reason: 'RunAlreadyOpen' });
    expect((await run.state()).phase.name).toBe('awaitingPromotion');
  });
});

describe('a rollback', () => {
  it('in the instant after a run has succeeded takes that run back', async () => {
    const { run, cluster, hold } = await startAndSucceed();

    // Only when the run has been found open may it close.
    const finding: WorkflowClientInterceptor = {
      describe: async (input, next) => next(input).finally(() => hold.open()),
    };
    const client = new Client({ connection: bench.env().connection, interceptors: { workflow: [finding] } });
    const { to } = ROUTE;
    const ours = { revision: to.revision, version: to.version, deployment: 'istiod', ready: true };
    const mesh = { cluster, kubernetes: '1.21', controlPlanes: [ours], namespaces: [], gateways: [] };
    const back = await rollBack(client, { cluster, runId: 'latest', by: 'ada', reason: 'too slow', key: 'back' }, () =>
      Promise.resolve(mesh),
    );
    expect(back).toMatchObject({ kind: 'started' });
    const end = (await bench.env().client.workflow.getHandle(run.handle.workflowId).result()) as RunState;
    expect(end).toMatchObject({ phase: { name: 'rolledBack' }, restores: { runId: (await run.end()).runId } });
  });
});
