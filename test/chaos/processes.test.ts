import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { nodeCommand } from '../../settings/node-command.js';
import { drive } from '../crash/drive.js';
import { faultsOf } from '../crash/rows.js';
import { readFacts, restartsBetween, ROLLBACK_FROM_CANARY, type Facts } from '../crash/scenarios.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';

type Wanted = (state: RunState) => boolean;
const OPTIONS = { canary: ['catalog'], parallelWorkloads: 2 };

const inPhase =
  (name: RunState['phase']['name'], detail: object = {}): Wanted =>
  ({ phase }) =>
    phase.name === name && Object.entries(detail).every(([key, value]) => Reflect.get(phase, key) === value);

/** Phases that are over in an instant: the next look may find the one after. */
const reached =
  (name: RunState['phase']['name']): Wanted =>
  ({ timeline }) =>
    timeline.some(({ phase }) => phase === name);

describe('the processes of Meshlift', () => {
  let mesh: ProxiedMesh;
  let original: Facts;

  beforeAll(async () => {
    mesh = await startProxiedMesh('chaos-processes');
    original = await readFacts(mesh);
  });
  afterAll(async () => mesh.stop());

  it('may be two workers on one queue: each thing is done once', async () => {
    const second = await startSecondWorker(mesh);
    try {
      const outcome = await drive(mesh, ROLLBACK_FROM_CANARY);
      const restarts = Object.keys(original.generations).map((name) => [name, name.includes(' catalog/') ? 2 : 0]);
      expect(faultsOf(outcome, { after: original, restarts: Object.fromEntries(restarts) as never })).toEqual([]);
    } finally {
      second.kill('SIGTERM');
      await once(second, 'exit');
    }
  });

  describe('lose Temporal with kill -9', () => {
    let run: string;

    beforeAll(async () => {
      original = await readFacts(mesh);
      run = await mesh.api.start(mesh.cluster, OPTIONS);
    });

    it.each<[string, Wanted, boolean]>([
      ['planning', () => true, false],
      ['in the preflight', reached('preflight'), false],
      ['preparing', reached('preparing'), false],
      ['installing', inPhase('installing'), false],
      ['verifying', reached('verifying'), false],
      ['migrating the canary wave', inPhase('migrating', { wave: 0 }), false],
      ['at the canary gate', inPhase('awaitingPromotion', { gate: 'canary' }), true],
      ['migrating the rest', inPhase('migrating', { wave: 1 }), false],
      ['at the last gate', inPhase('awaitingPromotion', { gate: 'finalize' }), true],
      ['finalizing', inPhase('finalizing'), false],
    ])('while %s, and go on', async (_, wanted, isGate) => {
      await loseTemporal(wanted);
      if (isGate) await mesh.api.promote(run);
    });

    it('and it ends as it would have ended, each workload restarted once', async () => {
      const state = await mesh.api.untilPhase(run, 'succeeded');
      expect(state.timeline.some(({ phase }) => phase === 'blocked')).toBe(false);
      expect([...new Set(Object.values(restartsBetween(original, await readFacts(mesh))))]).toEqual([1]);
    });

    it('and so does the way back, which begins with what was removed', async () => {
      const answer = await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
      expect(answer.status).toBe(202);
      run = answer.headers.get('location') ?? '';
      await loseTemporal(inPhase('rollingBack'));
      await loseTemporal(({ namespaces }) => namespaces.some(({ status }) => status === 'movedBack'));
      const state = await mesh.api.untilPhase(run, 'rolledBack');
      expect(state.timeline.some(({ phase }) => phase === 'rollbackBlocked')).toBe(false);
      const after = await readFacts(mesh);
      expect(after).toMatchObject({ snapshot: original.snapshot, pods: original.pods });
      expect([...new Set(Object.values(restartsBetween(original, after)))]).toEqual([2]);
    });

    async function loseTemporal(wanted: Wanted): Promise<void> {
      await mesh.api.until(run, wanted);
      const { temporal } = await mesh.pids();
      process.kill(temporal, 'SIGKILL');
      await mesh.api.until(run, () => true);
      expect((await mesh.pids()).temporal).not.toBe(temporal);
    }
  });
});

/** One more worker with the same Temporal and the same data folder. */
async function startSecondWorker({ dataDir, proxy }: ProxiedMesh): Promise<ChildProcess> {
  const { port } = JSON.parse(await readFile(join(dataDir, 'temporal.json'), 'utf8')) as { port: number };
  const { file, args, cwd } = nodeCommand(new URL('../../worker/main.js', import.meta.url), []);
  const child = spawn(file, args, {
    cwd,
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      MESHLIFT_CONFIG: proxy.configFile,
      MESHLIFT_DATA_DIR: dataDir,
      MESHLIFT_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await once(child, 'message');
  return child;
}
