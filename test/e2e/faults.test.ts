import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { isIstioctl } from '../crash/operations.js';
import { readFacts, restartsBetween, type Facts } from '../crash/scenarios.js';
import { answers, changing, cutAfter, latency, reset, tooManyRequests, watchGone } from '../support/faults.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';

/** An API server that is slow, overloaded, broken and gone: one run through all of it, there and back. */
describe('a hostile API server', () => {
  let mesh: ProxiedMesh;
  let original: Facts;
  let run: string;

  beforeAll(async () => {
    mesh = await startProxiedMesh('e2e-faults');
    original = await readFacts(mesh);
  });
  afterAll(async () => mesh.stop());

  /** How often the workloads of a namespace were restarted since the beginning; each number once. */
  const restartsOf = async (namespace: string): Promise<number[]> => {
    const all = Object.entries(restartsBetween(original, await readFacts(mesh)));
    return [...new Set(all.filter(([name]) => name.includes(` ${namespace}/`)).map(([, count]) => count))];
  };
  const wasBlocked = ({ timeline }: RunState) => timeline.some(({ phase }) => /blocked/i.test(phase));

  it('that is slow, refuses and cuts connections delays the run, and fails nothing', async () => {
    const { proxy } = mesh;
    const isGet = (plural: string) => (e: { method: string; isWatch: boolean; path: string }) =>
      e.method === 'GET' && !e.isWatch && e.path.endsWith(`/${plural}`);
    const faults = {
      latency: proxy.on(isGet('deployments'), latency(300), 10),
      overloaded: proxy.on(changing('PATCH', /\/namespaces\/catalog$/), tooManyRequests(1), 2),
      unavailable: proxy.on(isGet('pods'), answers(503, 'ServiceUnavailable', 'etcd has no leader'), 2),
      broken: proxy.on(
        changing('PATCH', /deployments\/images$/),
        answers(500, 'InternalError', 'etcdserver: leader changed'),
        2,
      ),
      cut: proxy.on(changing('PATCH', /deployments\/search$/), cutAfter, 2),
      reset: proxy.on(changing('PATCH', /deployments\/catalog$/), reset, 2),
      gone: proxy.on(({ isWatch }) => isWatch, watchGone, 2),
      // istioctl gives up at that; the run asks it once more.
      istioctl: proxy.on(
        (exchange) => exchange.isMutation && isIstioctl(exchange) && exchange.path.includes('/configmaps'),
        answers(403, 'Forbidden', 'not now'),
        1,
      ),
    };
    run = await mesh.api.start(mesh.cluster, { canary: ['catalog'], parallelWorkloads: 2 });
    const state = await mesh.api.untilGate(run, 'canary');
    const met = Object.fromEntries(Object.entries(faults).map(([name, takeBack]) => [name, takeBack()]));
    expect(met).toEqual({
      latency: 10,
      overloaded: 2,
      unavailable: 2,
      broken: 2,
      cut: 2,
      reset: 2,
      gone: 2,
      istioctl: 1,
    });
    expect(wasBlocked(state)).toBe(false);
    expect(await restartsOf('catalog')).toEqual([1]);
    const installs = (await mesh.api.operations(run)).filter(({ id }) => id.startsWith('install#'));
    expect(installs.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
  });

  it('that goes away in mid-wave stops nothing for good: the run goes on by itself', async () => {
    let met = 0;
    const takeBack = mesh.proxy.on(
      changing('PATCH', /cart\/(deployments|statefulsets)/),
      async (exchange) => {
        met += 1;
        await exchange.swallow();
        await mesh.proxy.goAway();
      },
      1,
    );
    await mesh.api.promote(run);
    await mesh.api.until(run, () => met > 0);
    await delay(15_000);
    await mesh.proxy.comeBack();
    takeBack();
    const state = await mesh.api.untilGate(run, 'finalize');
    expect(wasBlocked(state)).toBe(false);
    expect(await restartsOf('cart')).toEqual([1]);
  });

  it('that refuses a step of the rollback blocks it with the commands for a person, and a retry completes it', async () => {
    const refused = mesh.proxy.on(changing('PATCH', /\/namespaces\/cart$/), answers(403, 'Forbidden', 'not today'));
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    const { phase, namespaces } = await mesh.api.until(run, (state) => state.phase.name === 'rollbackBlocked');
    expect(refused()).toBeGreaterThan(0);
    expect(phase).toMatchObject({
      obstacle: {
        reason: 'PermissionDenied',
        message: expect.stringMatching(/patching namespaces "cart".*403: not today/) as unknown,
      },
    });
    const commands = phase.name === 'rollbackBlocked' ? phase.manualCommands : [];
    expect(commands).toContain('kubectl label namespace cart istio.io/rev- istio-injection=enabled --overwrite');
    // Of the namespaces that were moved those that are not back yet, and no other.
    const left = namespaces.filter(({ startedAt, status }) => startedAt !== undefined && status !== 'movedBack');
    const named = commands.flatMap((command) => /kubectl label namespace (\S+)/.exec(command)?.[1] ?? []);
    expect(named.toSorted()).toEqual(left.map(({ namespace }) => namespace).toSorted());

    expect((await mesh.api.command(run, 'retry')).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    const after = await readFacts(mesh);
    expect(after.snapshot).toEqual(original.snapshot);
    expect(after.pods).toEqual(original.pods);
    expect([await restartsOf('catalog'), await restartsOf('cart')]).toEqual([[2], [2]]);
  });
});
