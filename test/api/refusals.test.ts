import { request as httpRequest } from 'node:http';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { FAILURES, type FailureReason } from '../../domain/failures.js';
import { ApiProblem } from '../../api/api-problem.js';
import { isLoopbackHost } from '../../api/loopback.js';
import { RUN_ID } from './support/doubles.js';
import { RELEASE, testApp } from './support/test-app.js';

const RUN = `/v1/upgrades/shop/${RUN_ID}`;
const JSON_HEADERS = { 'content-type': 'application/json' };
const UPGRADE = { cluster: 'shop', release: RELEASE };

/** The answer is a problem of that reason, complete, and says `words`. */
function expectProblem(response: LightMyRequestResponse, reason: FailureReason, words?: RegExp): void {
  expect(response.json()).toEqual({
    type: `urn:meshlift:failure:${reason}`,
    title: FAILURES[reason].sentence,
    status: FAILURES[reason].status,
    detail: expect.stringMatching(words ?? /./) as string,
    code: reason,
    hint: FAILURES[reason].nextStep,
    retryable: ['TooManyRequests', 'NotReady'].includes(reason) || FAILURES[reason].meaning === 'retry',
    instance: expect.stringMatching(/^\//) as string,
  });
  expect(response.statusCode).toBe(FAILURES[reason].status);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
}

interface Refused {
  readonly what: string;
  readonly send: InjectOptions;
  readonly reason: FailureReason;
  readonly words?: RegExp;
}

const post = (url: string, payload?: object | string, headers: Record<string, string> = {}): InjectOptions => ({
  method: 'POST',
  url,
  ...(payload === undefined ? {} : { payload }),
  headers: { ...(typeof payload === 'string' ? JSON_HEADERS : {}), ...headers },
});
const start = (body: object, headers: Record<string, string> = { 'idempotency-key': 'k1' }) =>
  post('/v1/upgrades', body, headers);

const REFUSED: readonly Refused[] = [
  { what: 'malformed JSON', send: post('/v1/plans', '{"cluster":'), reason: 'InvalidRequest' },
  { what: 'a body that is null', send: post('/v1/plans', 'null'), reason: 'InvalidRequest' },
  {
    what: 'a missing field',
    send: post('/v1/plans', { release: RELEASE }),
    reason: 'InvalidRequest',
    words: /cluster/,
  },
  { what: 'no body where one is needed', send: post('/v1/plans'), reason: 'InvalidRequest', words: /body/ },
  { what: 'an unknown field', send: start({ ...UPGRADE, colour: 1 }), reason: 'InvalidRequest', words: /colour/ },
  {
    what: 'a wrong field deep inside',
    send: start({ ...UPGRADE, options: { canary: ['ok', 'Not_A_Name'] } }),
    reason: 'InvalidRequest',
    words: /options\.canary\.1/,
  },
  {
    what: 'a --set that Meshlift decides',
    send: start({ ...UPGRADE, options: { set: ['revision=evil'] } }),
    reason: 'InvalidRequest',
    words: /options\.set\.0/,
  },
  { what: 'a key in the prototype', send: post('/v1/plans', '{"__proto__":{"a":1}}'), reason: 'InvalidRequest' },
  {
    what: 'another content type',
    send: post('/v1/plans', 'cluster=shop', { 'content-type': 'text/plain' }),
    reason: 'UnsupportedMediaType',
  },
  {
    what: 'a form',
    send: post('/v1/plans', 'cluster=shop', { 'content-type': 'application/x-www-form-urlencoded' }),
    reason: 'UnsupportedMediaType',
  },
  { what: 'ten megabytes', send: post('/v1/plans', `"${'x'.repeat(10_000_000)}"`), reason: 'PayloadTooLarge' },
  {
    what: 'an unknown cluster',
    send: start({ ...UPGRADE, cluster: 'nowhere' }),
    reason: 'UnknownCluster',
    words: /nowhere/,
  },
  {
    what: 'a plan of an unknown cluster',
    send: post('/v1/plans', { ...UPGRADE, cluster: 'nowhere' }),
    reason: 'UnknownCluster',
  },
  { what: 'a look at an unknown cluster', send: { url: '/v1/clusters/nowhere' }, reason: 'UnknownCluster' },
  {
    what: 'an unknown release',
    send: start({ ...UPGRADE, release: '9.9.9' }),
    reason: 'UnknownRelease',
    words: /9\.9\.9.*1\.6\.14/,
  },
  {
    what: 'an unknown overlay',
    send: start({ ...UPGRADE, options: { overlays: ['gateway', 'none'] } }),
    reason: 'UnknownOverlay',
    words: /none/,
  },
  { what: 'a start without a key', send: start(UPGRADE, {}), reason: 'MissingIdempotencyKey' },
  {
    what: 'a key that is too long',
    send: start(UPGRADE, { 'idempotency-key': 'k'.repeat(201) }),
    reason: 'InvalidRequest',
    words: /idempotency-key/,
  },
  {
    what: 'a user name that is too long',
    send: post(`${RUN}/retry`, undefined, { 'x-meshlift-user': 'u'.repeat(101) }),
    reason: 'InvalidRequest',
    words: /x-meshlift-user/,
  },
  { what: 'a run of an unknown cluster', send: { url: `/v1/upgrades/nowhere/${RUN_ID}` }, reason: 'UnknownCluster' },
  { what: 'a run id that is none', send: { url: '/v1/upgrades/shop/17' }, reason: 'UnknownRun', words: /"17"/ },
  { what: 'events of a run id that is none', send: { url: '/v1/upgrades/shop/17/events' }, reason: 'UnknownRun' },
  {
    what: 'operations of a run id that is none',
    send: { url: '/v1/upgrades/shop/17/operations' },
    reason: 'UnknownRun',
  },
  { what: 'workloads of a run id that is none', send: { url: '/v1/upgrades/shop/17/workloads' }, reason: 'UnknownRun' },
  { what: 'a command to a run id that is none', send: post('/v1/upgrades/shop/17/retry'), reason: 'UnknownRun' },
  {
    what: 'an event id that is none',
    send: { url: `${RUN}/events`, headers: { 'last-event-id': 'abc' } },
    reason: 'InvalidRequest',
    words: /last-event-id/,
  },
  { what: 'a pause without a reason', send: post(`${RUN}/pause`), reason: 'InvalidRequest' },
  { what: 'a blank reason', send: post(`${RUN}/pause`, { reason: '  ' }), reason: 'InvalidRequest', words: /reason/ },
  { what: 'a rollback without a reason', send: post(`${RUN}/rollback`, {}), reason: 'InvalidRequest', words: /reason/ },
  {
    what: 'a promotion without a plan',
    send: post(`${RUN}/promote`, { gate: 'canary' }),
    reason: 'InvalidRequest',
    words: /planHash/,
  },
  {
    what: 'a skip of no name',
    send: post(`${RUN}/skip`, { namespace: '-x', reason: 'r' }),
    reason: 'InvalidRequest',
    words: /namespace/,
  },
  {
    what: 'a field where none is',
    send: post(`${RUN}/cancel`, { force: true }),
    reason: 'InvalidRequest',
    words: /force/,
  },
  {
    what: 'a phase that is none',
    send: { url: '/v1/upgrades?phase=asleep' },
    reason: 'InvalidRequest',
    words: /phase/,
  },
  { what: 'a limit out of bounds', send: { url: '/v1/upgrades?limit=0' }, reason: 'InvalidRequest', words: /limit/ },
  {
    what: 'a filter with a quote in it',
    send: { url: '/v1/upgrades?cluster=a%22b' },
    reason: 'InvalidRequest',
    words: /cluster/,
  },
  {
    what: 'a filter that is none',
    send: { url: '/v1/upgrades?colour=red' },
    reason: 'InvalidRequest',
    words: /colour/,
  },
  { what: 'an unknown route', send: { url: '/v2/clusters' }, reason: 'NotFound', words: /GET \/v2\/clusters/ },
  { what: 'an unknown verb', send: post(`${RUN}/explode`), reason: 'NotFound' },
  { what: 'a wrong method', send: { method: 'DELETE', url: RUN }, reason: 'NotFound' },
  { what: 'an address that cannot be decoded', send: { url: '/v1/clusters/%E0%A4%A' }, reason: 'InvalidRequest' },
];

describe('bad input', () => {
  it.each(REFUSED)('is refused and reaches nobody: $what', async ({ send, reason, words }) => {
    const { request, runs } = await testApp();
    expectProblem(await request(send), reason, words);
    expect(runs.calls).toEqual([]);
  });
});

describe('the token', () => {
  const routes = ['/v1/clusters', '/v1/clusters/shop', '/v1/releases', '/v1/upgrades', RUN, `${RUN}/events`];

  it.each(routes)('is asked for at %s', async (url) => {
    const { app, runs } = await testApp();
    for (const authorization of [undefined, 'Bearer wrong', 'Basic dGhlOnRva2Vu', 'Bearer ', 'Bearer a b']) {
      const response = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
      expectProblem(response, 'Unauthorized');
      expect(response.headers['www-authenticate']).toBe('Bearer realm="meshlift"');
    }
    expect(runs.calls).toEqual([]);
  });

  it.each(['pause', 'promote', 'rollback', 'cancel'])('is asked for before %s is even read', async (verb) => {
    const { app, runs } = await testApp();
    expectProblem(await app.inject(post(`${RUN}/${verb}`, '{"broken')), 'Unauthorized');
    expect(runs.calls).toEqual([]);
  });

  it('is asked for when an upgrade is started', async () => {
    const { app, runs } = await testApp();
    expectProblem(await app.inject(start(UPGRADE)), 'Unauthorized');
    expect(runs.calls).toEqual([]);
  });
});

describe('the rate limit', () => {
  it('refuses what comes too often and says how long to wait', async () => {
    const { request, runs } = await testApp({}, { requestsPerMinute: 2 });
    await request({ url: '/v1/releases' });
    await request({ url: '/v1/releases' });
    const response = await request({ url: '/v1/clusters/shop' });
    expectProblem(response, 'TooManyRequests', /2 requests/);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    expect(runs.calls).toEqual([]);
  });

  it('bounds how often a token can be guessed', async () => {
    const { app } = await testApp({}, { requestsPerMinute: 1 });
    const guess = () => app.inject({ url: '/v1/releases', headers: { authorization: 'Bearer guess' } });
    expectProblem(await guess(), 'Unauthorized');
    expectProblem(await guess(), 'TooManyRequests');
  });

  it('does not count event streams', async () => {
    const { request, runs } = await testApp({}, { requestsPerMinute: 1 });
    runs.open = false;
    for (let stream = 0; stream < 3; stream += 1) {
      expect((await request({ url: `${RUN}/events` })).statusCode).toBe(200);
    }
  });
});

describe('the Host header', () => {
  it.each(['evil.example', 'evil.example:8780', '127.0.0.1.evil.example', 'localhost.evil.example', '192.168.0.7'])(
    'is refused when it is %s',
    async (host) => {
      const { request, runs } = await testApp();
      expectProblem(await request({ url: '/v1/clusters/shop', headers: { host } }), 'InvalidRequest', /Host/);
      expectProblem(await request({ url: '/healthz', headers: { host } }), 'InvalidRequest', /Host/);
      expect(runs.calls).toEqual([]);
    },
  );

  it('is not looked at when the server is bound to another address', async () => {
    const { request } = await testApp({}, { loopbackOnly: false });
    expect((await request({ url: '/v1/clusters', headers: { host: 'mesh.example' } })).statusCode).toBe(200);
  });

  it('means this machine only when it is one of its names', () => {
    for (const host of ['localhost', 'LOCALHOST:8780', '127.0.0.1', '127.0.0.1:1', '127.1.2.3', '[::1]:8780', '::1']) {
      expect([host, isLoopbackHost(host)]).toEqual([host, true]);
    }
    for (const host of ['', '0.0.0.0', '127.0.0.1.evil', 'localhost.', '[::2]:80', '127.evil.example', '1270.0.0.1']) {
      expect([host, isLoopbackHost(host)]).toEqual([host, false]);
    }
  });

  it('that is missing is refused', async () => {
    const { app } = await testApp();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, path: '/healthz', setHost: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });
});

describe('failures of the runs', () => {
  it.each(['RunAlreadyOpen', 'WrongPhase', 'PlanChanged', 'UnknownRun', 'NotReady', 'ClusterUnreachable'] as const)(
    'are answered as what they are: %s',
    async (reason) => {
      const { request, runs } = await testApp();
      runs.failure = new ApiProblem(reason, 'A sentence about shop.');
      expectProblem(await request({ url: RUN }), reason, /^A sentence about shop\.$/);
    },
  );

  it('that nobody foresaw show nothing of the inside', async () => {
    const { request, runs } = await testApp();
    runs.failure = new Error('password=hunter2 at /srv/secret');
    const response = await request({ url: RUN });
    expectProblem(response, 'Internal', /request/);
    expect(response.body).not.toMatch(/hunter2|secret/);
  });
});
