import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { readFacts, restartsBetween, type Facts } from '../crash/scenarios.js';
import { answers, blackHole, changing, halfOpen } from '../support/faults.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';

const OPTIONS = { canary: ['catalog'], parallelWorkloads: 2 };
/** What the moves go by: all pods, and all Deployments. */
const WATCHED = /^\/(api\/v1\/pods|apis\/apps\/v1\/deployments)(\?|$)/;
const HOUR_MS = 3_600_000;

/** What takes minutes by its nature: silence, long outages, and the end of patience (docs/reference/waiting.md). */
describe('an API server that is away for long', () => {
  let mesh: ProxiedMesh;
  let before: Facts;
  let run: string;

  beforeAll(async () => {
    mesh = await startProxiedMesh('chaos-outage');
    before = await readFacts(mesh);
  });
  afterAll(async () => mesh.stop());

  const restartsOf = async (namespace: string): Promise<number[]> => {
    const all = Object.entries(restartsBetween(before, await readFacts(mesh)));
    return [...new Set(all.filter(([name]) => name.includes(` ${namespace}/`)).map(([, count]) => count))];
  };
  const wasBlocked = ({ timeline }: RunState) => timeline.some(({ phase }) => phase === 'blocked');
  const atGate = (gate: string) =>
    mesh.api.until(run, ({ phase }) => phase.name === 'awaitingPromotion' && phase.gate === gate, HOUR_MS);

  it('swallows a request and a watch, and both are noticed', async () => {
    const swallowed = mesh.proxy.on(changing('PATCH', /catalog\/deployments\/search$/), blackHole, 1);
    const silent = mesh.proxy.on(({ isWatch, path }) => isWatch && WATCHED.test(path), halfOpen, 2);
    run = await mesh.api.start(mesh.cluster, OPTIONS);
    const state = await atGate('canary');
    expect([swallowed(), silent()]).toEqual([1, 2]);
    expect(wasBlocked(state)).toBe(false);
    expect(await restartsOf('catalog')).toEqual([1]);
  });

  it('is gone for two minutes in mid-wave: no false failure, no second restart, and on it goes by itself', async () => {
    let gone = false;
    mesh.proxy.on(
      changing('PATCH', /cart\/deployments/),
      async (exchange) => {
        await exchange.swallow();
        gone = true;
        await mesh.proxy.goAway();
      },
      1,
    );
    await mesh.api.promote(run);
    await mesh.api.until(run, () => gone);
    await delay(120_000);
    expect(wasBlocked(await mesh.api.state(run))).toBe(false);
    await mesh.proxy.comeBack();
    expect(wasBlocked(await atGate('finalize'))).toBe(false);
    expect(await restartsOf('cart')).toEqual([1]);
  });

  it('does not come back: the run is blocked with a sentence, not before a quarter of an hour is about over', async () => {
    const takeBack = mesh.proxy.on(() => true, answers(503, 'ServiceUnavailable', 'etcd has no leader'));
    const began = Date.now();
    await mesh.api.promote(run);
    const { phase } = await mesh.api.until(run, (state) => state.phase.name === 'blocked', HOUR_MS);
    expect(Date.now() - began).toBeGreaterThan(600_000);
    expect(phase).toMatchObject({
      during: { name: 'finalizing' },
      obstacle: { reason: 'ClusterUnreachable', message: expect.stringContaining('etcd has no leader') as unknown },
    });
    takeBack();
    expect((await mesh.api.command(run, 'retry')).status).toBe(200);
    await mesh.api.untilPhase(run, 'succeeded');
    expect([await restartsOf('catalog'), await restartsOf('cart')]).toEqual([[1], [1]]);
  });
});
