import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMesh, type Mesh } from './support/mesh.js';

/** kill -9 of the worker: nothing is lost, nothing is restarted twice. */
describe('a worker that is killed', () => {
  let mesh: Mesh;
  let before: Record<string, number>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-survival');
    before = await mesh.facts.generations();
  });
  afterAll(async () => mesh.stop());

  /** Kills the worker without warning, and waits until another one has taken its place. */
  async function killWorker(): Promise<void> {
    const { worker } = await mesh.pids();
    process.kill(worker, 'SIGKILL');
    const deadline = Date.now() + 60_000;
    while ((await mesh.pids()).worker === worker) {
      if (Date.now() > deadline) throw new Error('no new worker was started within a minute');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it('while istioctl installs, and twice in mid-migration, does not stop the upgrade', async () => {
    const run = await mesh.api.start(mesh.cluster, {
      canary: ['catalog'],
      parallelWorkloads: 2,
    });
    await mesh.api.untilPhase(run, 'installing');
    await killWorker();
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilRestarted(run, 8);
    await killWorker();
    await mesh.api.untilRestarted(run, 16);
    await killWorker();
    const state = await mesh.api.untilGate(run, 'finalize');
    expect(state.namespaces.every(({ status }) => status === 'moved')).toBe(true);
    await mesh.api.promote(run);
    await mesh.api.untilPhase(run, 'succeeded');

    const pods = await mesh.facts.podsByProxy();
    expect(Object.values(pods).some((row) => '1.6.13' in row)).toBe(false);
    const moved = new Set(state.namespaces.map(({ namespace }) => namespace));
    for (const [workload, generation] of Object.entries(await mesh.facts.generations())) {
      const namespace = workload.split(' ')[1]?.split('/')[0] ?? '';
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, moved.has(namespace) ? 1 : 0]);
    }
  });
});
