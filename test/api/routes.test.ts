import { policySchema } from '../../domain/policy/schema.js';
import { describe, expect, it } from 'vitest';
import { CHECK_ENTRIES } from '../../domain/checks/catalogue.js';
import { AT, MESH, NEXT_RUN_ID, PLAN, RUN_ID, STATE } from './support/doubles.js';
import { RELEASE, testApp } from './support/test-app.js';

const RUN = `/v1/upgrades/shop/${RUN_ID}`;
const UPGRADE = { cluster: 'shop', release: RELEASE };

describe('the service itself', () => {
  it('lives and describes itself without a token', async () => {
    const { app } = await testApp();
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await app.inject('/readyz')).json()).toEqual({
      ready: true,
      parts: [{ part: 'temporal', ready: true, detail: 'answers' }],
    });
    expect((await app.inject('/openapi.json')).statusCode).toBe(200);
  });

  it('says which part is not ready', async () => {
    const parts = [
      { part: 'temporal', ready: true, detail: 'answers' },
      { part: 'worker', ready: false, detail: 'no worker polls' },
    ];
    const { app } = await testApp({ readiness: () => Promise.resolve(parts) });
    const response = await app.inject('/readyz');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({ ready: false, parts });
  });
});

describe('clusters and releases', () => {
  it('are listed, without what only the server may know', async () => {
    const secret = { id: 'shop', role: 'user' as const, labels: {}, kubeconfig: '/root/kubeconfig' };
    const { request } = await testApp({ clusters: [secret] });
    expect((await request({ url: '/v1/clusters' })).json()).toEqual({
      items: [{ id: 'shop', role: 'user', labels: {} }],
    });
    expect((await request({ url: '/v1/releases' })).json()).toMatchObject({ items: [{ version: RELEASE }] });
  });

  it('show what is in a cluster now', async () => {
    const { request, runs } = await testApp();
    expect((await request({ url: '/v1/clusters/shop' })).json()).toEqual(MESH);
    expect(runs.calls).toEqual([{ method: 'inspect', cluster: 'shop' }]);
  });
});

describe('the checks', () => {
  it('are listed as the catalogue has them', async () => {
    const { request } = await testApp();
    const { items } = (await request({ url: '/v1/checks' })).json<{ items: { id: string }[] }>();
    expect(items).toEqual(CHECK_ENTRIES);
    expect(items.map(({ id }) => id)).toContain('MESH020');
  });
});

describe('a plan', () => {
  it('takes waivers, each with its reason, and refuses one of a check that cannot be waived', async () => {
    const { request, runs } = await testApp();
    const plan = (waivers: object[]) =>
      request({ method: 'POST', url: '/v1/plans', payload: { ...UPGRADE, options: { waivers } } });
    const waiver = { check: 'MESH020', reason: 'resumed on Monday' };
    expect((await plan([waiver])).statusCode).toBe(200);
    expect(runs.calls).toMatchObject([{ method: 'plan', request: { options: { waivers: [waiver] } } }]);
    for (const wrong of [
      { check: 'MESH001', reason: 'because' },
      { check: 'MESH999', reason: 'because' },
    ]) {
      const response = await plan([wrong]);
      expect([response.statusCode, response.json<{ detail: string }>().detail]).toEqual([
        400,
        expect.stringContaining(`${wrong.check} cannot be waived`),
      ]);
    }
    expect((await plan([{ check: 'MESH020' }])).statusCode).toBe(400);
    expect(runs.calls).toHaveLength(1);
  });

  it('is made of the request with its defaults', async () => {
    const { request, runs } = await testApp();
    const response = await request({ method: 'POST', url: '/v1/plans', payload: UPGRADE });
    expect(response.json()).toEqual(PLAN);
    expect(runs.calls).toMatchObject([
      { method: 'plan', request: { ...UPGRADE, options: { finalizeSoakSeconds: 60 } } },
    ]);
  });

  it('is asked for an admin cluster too: its findings say why not', async () => {
    const { request, runs } = await testApp();
    const payload = { ...UPGRADE, cluster: 'control' };
    expect((await request({ method: 'POST', url: '/v1/plans', payload })).statusCode).toBe(200);
    expect(runs.calls).toHaveLength(1);
  });
});

describe('an upgrade', () => {
  const start = (key: string, payload: object = UPGRADE) => ({
    method: 'POST' as const,
    url: '/v1/upgrades',
    headers: { 'idempotency-key': key },
    payload,
  });

  it('is started and leads to its run', async () => {
    const { request, runs } = await testApp();
    const response = await request({ ...start('k1'), headers: { 'idempotency-key': 'k1', 'x-meshlift-user': 'ann' } });
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe(RUN);
    expect(response.json()).toEqual({ cluster: 'shop', runId: RUN_ID });
    expect(runs.calls).toMatchObject([{ method: 'start', run: { key: 'k1', by: 'ann', request: UPGRADE } }]);
  });

  it('is answered alike when the request is repeated, and refused when its key comes with another', async () => {
    const { request } = await testApp();
    const first = await request(start('k1'));
    const again = await request(start('k1'));
    expect([again.statusCode, again.headers.location]).toEqual([202, first.headers.location]);
    const other = await request(start('k1', { ...UPGRADE, options: { soakSeconds: 60 } }));
    expect([other.statusCode, other.json()]).toMatchObject([422, { code: 'IdempotencyKeyReused' }]);
  });

  it('is listed by cluster and phase, page by page', async () => {
    const { request, runs } = await testApp();
    const response = await request({ url: '/v1/upgrades?cluster=shop&phase=migrating&limit=10&cursor=abc' });
    expect(response.json()).toEqual({
      items: [{ cluster: 'shop', runId: RUN_ID, release: RELEASE, phase: 'planning', startedAt: AT, finishedAt: null }],
      cursor: 'bmV4dA',
    });
    await request({ url: '/v1/upgrades' });
    expect(runs.calls).toEqual([
      { method: 'list', filter: { cluster: 'shop', phase: 'migrating', limit: 10, cursor: 'abc' } },
      { method: 'list', filter: { limit: 50 } },
    ]);
  });

  it('shows its whole state, also by the name of the newest', async () => {
    const { request, runs } = await testApp();
    const response = await request({ url: '/v1/upgrades/shop/latest' });
    expect(response.json()).toEqual(STATE);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(runs.calls).toEqual([{ method: 'state', cluster: 'shop', runId: 'latest' }]);
  });

  it('shows its operations', async () => {
    const { request } = await testApp();
    expect((await request({ url: `${RUN}/operations` })).json()).toMatchObject({ items: [{ id: 'install' }] });
  });

  it('shows each workload as it was last seen', async () => {
    const { request, journal } = await testApp();
    const cart = { kind: 'Deployment', namespace: 'shop', name: 'cart' } as const;
    const pay = { kind: 'StatefulSet', namespace: 'shop', name: 'cart' } as const;
    journal.write(
      { type: 'transition', phase: 'migrating', message: 'moves' },
      { type: 'workload', progress: { workload: cart, status: 'restarting', desired: 3, moved: 0 } },
      { type: 'workload', progress: { workload: pay, status: 'restarting', desired: 1, moved: 0, detail: 'pulls' } },
      { type: 'workload', progress: { workload: cart, status: 'moved', desired: 3, moved: 3 } },
    );
    expect((await request({ url: `${RUN}/workloads` })).json()).toEqual({
      items: [
        { workload: cart, status: 'moved', desired: 3, moved: 3 },
        { workload: pay, status: 'restarting', desired: 1, moved: 0, detail: 'pulls' },
      ],
    });
  });
});

describe('commands', () => {
  const hash = 'a'.repeat(64);
  const verbs = [
    ['pause', { reason: 'lunch' }, { type: 'pause', by: 'api', reason: 'lunch' }],
    ['resume', {}, { type: 'resume', by: 'api' }],
    ['promote', { gate: 'canary', planHash: hash }, { type: 'promote', by: 'api', gate: 'canary', planHash: hash }],
    [
      'promote',
      { gate: 'canary', planHash: hash, soak: { extendSeconds: -60 } },
      { type: 'promote', by: 'api', gate: 'canary', planHash: hash, soak: { extendSeconds: -60 } },
    ],
    [
      'promote',
      { gate: 'canary', planHash: hash, override: 'known noise' },
      { type: 'promote', by: 'api', gate: 'canary', planHash: hash, override: 'known noise' },
    ],
    [
      'policy',
      { planHash: hash, policy: { gates: { afterWave: [{ soak: '10m' }] } } },
      {
        type: 'changePolicy',
        by: 'api',
        planHash: hash,
        policy: policySchema.parse({ gates: { afterWave: [{ soak: 600 }] } }),
        newHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ],
    ['retry', {}, { type: 'retry', by: 'api' }],
    [
      'skip',
      { namespace: 'pay', reason: 'odd' },
      { type: 'skipNamespace', by: 'api', namespace: 'pay', reason: 'odd' },
    ],
    ['cancel', {}, { type: 'cancel', by: 'api' }],
  ] as const;

  it.each(verbs)('%s reaches the run and answers its state', async (verb, payload, command) => {
    const { request, runs } = await testApp();
    const response = await request({ method: 'POST', url: `${RUN}/${verb}`, payload });
    expect([response.statusCode, response.json()]).toEqual([200, STATE]);
    expect(runs.calls).toEqual([{ method: 'command', cluster: 'shop', runId: RUN_ID, command, updateId: undefined }]);
  });

  it('rollback reaches the run and answers its state', async () => {
    const { request, runs } = await testApp();
    const headers = { 'idempotency-key': 'k', 'x-meshlift-user': 'ann' };
    const response = await request({ method: 'POST', url: `${RUN}/rollback`, payload: { reason: 'odd' }, headers });
    expect([response.statusCode, response.json()]).toEqual([200, STATE]);
    const asked = { cluster: 'shop', runId: RUN_ID, by: 'ann', reason: 'odd', key: 'k' };
    expect(runs.calls).toEqual([{ method: 'rollBack', request: asked }]);
  });

  it('rollback of a succeeded run leads to the run that takes it back', async () => {
    const { request, runs } = await testApp();
    runs.succeeded = true;
    const response = await request({
      method: 'POST',
      url: '/v1/upgrades/shop/latest/rollback',
      payload: { reason: 'odd' },
    });
    expect([response.statusCode, response.json()]).toEqual([202, { cluster: 'shop', runId: NEXT_RUN_ID }]);
    expect(response.headers.location).toBe(`/v1/upgrades/shop/${NEXT_RUN_ID}`);
  });

  it.each(['resume', 'retry', 'cancel'])('%s needs no body, with a content type or without', async (verb) => {
    const { request, runs } = await testApp();
    const url = `${RUN}/${verb}`;
    expect((await request({ method: 'POST', url })).statusCode).toBe(200);
    const headers = { 'content-type': 'application/json' };
    expect((await request({ method: 'POST', url, headers })).statusCode).toBe(200);
    expect(runs.calls).toHaveLength(2);
  });

  it('carry the name of the person', async () => {
    const { request, runs } = await testApp();
    await request({ method: 'POST', url: `${RUN}/retry`, headers: { 'x-meshlift-user': 'Ann Ó' } });
    expect(runs.calls).toMatchObject([{ command: { type: 'retry', by: 'Ann Ó' } }]);
  });

  it('act once per key; another command under the same key is another one', async () => {
    const { request, runs } = await testApp();
    const send = (gate: string, user: string) =>
      request({
        method: 'POST',
        url: `${RUN}/promote`,
        headers: { 'idempotency-key': 'k1', 'x-meshlift-user': user },
        payload: { gate, planHash: hash },
      });
    await send('canary', 'ann');
    await send('canary', 'bob');
    await send('finalize', 'ann');
    const [first, again, other] = runs.calls.map((call) => (call.method === 'command' ? call.updateId : null));
    expect(first).toMatch(/^k1\./);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});
