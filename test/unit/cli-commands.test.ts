import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { meshlift, PLAN, sendJson, startServer, stateAfter, UP_TO_GATE, type TestServer } from './cli-support.js';

/** The client against a real HTTP server that counts what it is sent. */
describe('the command line', () => {
  let server: TestServer;
  let dataDir: string;
  let answer: { status: number; body: unknown };
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    answer = { status: 200, body: stateAfter(...UP_TO_GATE) };
    server = await startServer((_, response) => {
      sendJson(response, answer.status, answer.body);
    });
    dataDir = await mkdtemp(join(tmpdir(), 'meshlift-cli-'));
    await writeFile(join(dataDir, 'endpoint.json'), JSON.stringify({ url: server.url, workerPid: 1 }));
    await writeFile(join(dataDir, 'token'), 'local-token\n', { mode: 0o600 });
    env = { MESHLIFT_DATA_DIR: dataDir };
  });
  afterEach(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const run = (...args: string[]) => meshlift(args, env);
  const release = ['--release', '1.6.14-asm.2'];

  describe('refuses bad input with exit code 2 and sends nothing', () => {
    it.each([
      [['plan', 'shop']],
      [['plan', ...release]],
      [['plan', 'Shop', ...release]],
      [['plan', '../shop', ...release]],
      [['plan', 'shop', ...release, '--soak', '10']],
      [['plan', 'shop', ...release, '--soak', '8d']],
      [['plan', 'shop', ...release, '--promotion-timeout', '0']],
      [['plan', 'shop', ...release, '--workload-timeout', '1s']],
      [['plan', 'shop', ...release, '--parallel-namespaces', '0']],
      [['plan', 'shop', ...release, '--parallel-workloads', '5001']],
      [['plan', 'shop', ...release, '--canary', 'Catalog']],
      [['plan', 'shop', ...release, '--set', 'revision=evil']],
      [['start', 'shop', ...release, '--set', 'no-value']],
      [['start', 'shop', ...release, '--overlay', '../etc/passwd']],
      [['start', 'shop', ...release, '--unknown']],
      [['get', 'shop', '../../clusters']],
      [['get', 'shop', 'run-1', 'more']],
      [['get', 'shop', '-o', 'wide']],
      [['plan', 'shop', ...release, '-o', 'xml']],
      [['plan', 'shop', ...release, '--waive', 'MESH020']],
      [['plan', 'shop', ...release, '--reason', 'nothing is named']],
      [['plan', 'shop', ...release, '--waive', 'MESH001', '--reason', 'the version gate stays shut']],
      [['start', 'shop', ...release, '--waive', 'MESH999', '--reason', 'no such check']],
      [['start', 'shop', ...release, '--waive', 'MESH020', '--reason', '  ']],
      [['checks', 'MESH999']],
      [['checks', '-o', 'xml']],
      [['get', 'shop', '--watch', '--timeout', 'soon']],
      [['pause', 'shop']],
      [['pause', 'shop', '--reason', '  ']],
      [['rollback', 'shop']],
      [['skip', 'shop', '--reason', 'r']],
      [['skip', 'shop', '--namespace', '--reason', 'r']],
      [['skip', 'shop', '--namespace', 'a/b', '--reason', 'r']],
      [['list', '--limit', '-1']],
      [['clusters', 'a b']],
      [['get', 'shop', '--server', 'ftp://127.0.0.1']],
      [['get', 'shop', '--server', 'not an address']],
      [['nonsense']],
      [[]],
    ])('%j', async (args) => {
      const result = await run(...args);
      expect(result).toMatchObject({ code: 2, out: '' });
      expect(result.err).not.toBe('');
      expect(server.seen).toEqual([]);
    });
  });

  it('help and version are no errors', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, err: '' });
    expect(await run('--version')).toMatchObject({ code: 0, out: '0.0.0\n' });
    expect((await run('start', '--help')).out).toContain('--promotion-timeout <duration>');
    expect(server.seen).toEqual([]);
  });

  it('plan sends what was asked for, and ends with 3 when there is a blocker', async () => {
    answer.body = PLAN;
    const args = ['--canary', 'a', 'b', '--exclude', 'c', '--set', 'x.y=1', '--overlay', 'company', '--soak', '10m'];
    const limits = ['--promotion-timeout', '2d', '--workload-timeout', '90s'];
    const result = await run('plan', 'shop', ...release, ...args, ...limits, '--parallel-workloads', '3');
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toContain('shop - 1.6.13 (default) -> 1.6.14-asm.2 (asm-1614-2)');
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        path: '/v1/plans',
        headers: { authorization: 'Bearer local-token', 'content-type': 'application/json' },
        body: {
          cluster: 'shop',
          release: '1.6.14-asm.2',
          options: {
            canary: ['a', 'b'],
            exclude: ['c'],
            set: ['x.y=1'],
            overlays: ['company'],
            soakSeconds: 600,
            promotionTimeoutSeconds: 172_800,
            workloadTimeoutSeconds: 90,
            parallelWorkloads: 3,
          },
        },
      },
    ]);
    const blocker = { check: 'MESH001', severity: 'blocker', reason: 'Bad', message: 'm', remedy: 'r' };
    answer.body = { ...PLAN, findings: [blocker] };
    expect(await run('plan', 'shop', ...release)).toMatchObject({ code: 3 });
  });

  it('start prints the path of the run, and sends an idempotency key', async () => {
    answer = { status: 202, body: { cluster: 'shop', runId: 'run-1' } };
    const text = await run('start', 'shop', ...release);
    expect(text).toMatchObject({ code: 0, out: '/v1/upgrades/shop/run-1\n' });
    const json = await run('start', 'shop', ...release, '-o', 'json');
    expect(JSON.parse(json.out)).toEqual({ cluster: 'shop', runId: 'run-1' });
    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).not.toBe(keys[0]);
  });

  it('get shows the run; the exit code tells of it only when asked', async () => {
    const { body: state } = answer;
    answer.body = { ...stateAfter(...UP_TO_GATE), items: [] };
    const result = await run('get', 'shop');
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toContain('awaiting promotion at gate canary');
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/v1/upgrades/shop/latest',
      '/v1/upgrades/shop/run-1/workloads',
    ]);
    expect(await run('get', 'shop', 'run-1', '--exit-code')).toMatchObject({ code: 4 });
    answer.body = state;
    expect(JSON.parse((await run('get', 'shop', '-o', 'json')).out)).toEqual(state);
  });

  it('get --watch ends with the code of the run, and keeps standard output for data', async () => {
    const blocked = stateAfter(...UP_TO_GATE.slice(0, 2), {
      type: 'failed',
      obstacle: { reason: 'DownloadFailed', message: 'No archive.', remedy: 'Look.' },
    });
    answer.body = { ...blocked, items: [] };
    const text = await run('get', 'shop', '--watch');
    expect(text).toMatchObject({ code: 3, err: '' });
    expect(text.out).toContain('blocked while preparing');
    const json = await run('get', 'shop', '--watch', '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ phase: { name: 'blocked' } });
    expect(json.err).toContain('DownloadFailed: No archive.');
  });

  it('get --watch stops in time, and says that the run goes on', async () => {
    answer.body = { ...stateAfter(...UP_TO_GATE), items: [] };
    const result = await run('get', 'shop', '--watch', '--timeout', '0');
    expect(result.code).toBe(5);
    expect(result.err).toContain('the run goes on');
  });

  it('promote names the gate, the plan and the run that it read', async () => {
    const result = await run('promote', 'shop');
    expect(result).toMatchObject({ code: 0, out: 'shop: awaiting promotion at gate canary\n' });
    expect(server.seen[1]).toMatchObject({
      method: 'POST',
      path: '/v1/upgrades/shop/run-1/promote',
      body: { gate: 'canary', planHash: PLAN.hash },
    });
    await run('promote', 'shop', '--gate', 'finalize', '--plan-hash', 'b');
    expect(server.seen[3]).toMatchObject({ body: { gate: 'finalize', planHash: 'b' } });
  });

  it('promote sends nothing when no gate waits', async () => {
    answer.body = stateAfter();
    const result = await run('promote', 'shop');
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toContain('waits at no gate: it is planning');
    expect(server.seen.map(({ method }) => method)).toEqual(['GET']);
  });

  it.each([
    [['pause', 'shop', '--reason', 'lunch'], 'latest/pause', { reason: 'lunch' }],
    [['resume', 'shop'], 'latest/resume', {}],
    [['rollback', 'shop', 'run-1', '--reason', 'latency'], 'run-1/rollback', { reason: 'latency' }],
    [['retry', 'shop'], 'latest/retry', {}],
    [['skip', 'shop', '--namespace', 'a', '--reason', 'r'], 'latest/skip', { namespace: 'a', reason: 'r' }],
    [['cancel', 'shop'], 'latest/cancel', {}],
  ])('%j', async (args, path, body) => {
    expect(await run(...args)).toMatchObject({ code: 0, err: '' });
    expect(server.seen).toMatchObject([{ method: 'POST', path: `/v1/upgrades/shop/${path}`, body }]);
  });

  it('prints detail and hint of a refusal on standard error', async () => {
    answer = {
      status: 409,
      body: { code: 'WrongPhase', detail: 'shop is migrating.', hint: 'Look at it.', retryable: false },
    };
    expect(await run('retry', 'shop')).toEqual({
      code: 1,
      out: '',
      err: 'meshlift: shop is migrating. (WrongPhase)\n  hint: Look at it.\n',
    });
    answer = { status: 401, body: { code: 'Unauthorized', detail: 'No valid token.' } };
    expect(await run('get', 'shop')).toMatchObject({ code: 6 });
  });

  it('takes server and token from flags before the environment before the data folder', async () => {
    answer.body = { items: [] };
    const file = join(dataDir, 'other');
    await writeFile(file, 'from-file\n');
    env = { MESHLIFT_DATA_DIR: dataDir, MESHLIFT_TOKEN: 'from-env', MESHLIFT_SERVER: `${server.url}/` };
    await run('releases');
    await run('releases', '--token-file', file);
    env = { MESHLIFT_DATA_DIR: dataDir, MESHLIFT_SERVER: 'http://127.0.0.1:1' };
    await run('releases', '--server', server.url);
    const tokens = server.seen.map(({ headers }) => headers.authorization);
    expect(tokens).toEqual(['Bearer from-env', 'Bearer from-file', 'Bearer local-token']);
  });

  it('does not send the local token to a server elsewhere', async () => {
    const result = await run('releases', '--server', 'https://meshlift.invalid');
    expect(result).toMatchObject({ code: 2, out: '' });
    expect(result.err).toContain('needs its own token');
  });

  it('does not carry the token along a redirect', async () => {
    const other = await startServer((_, response) => {
      sendJson(response, 200, { items: [] });
    });
    const first = await startServer((_, response) => {
      response.writeHead(307, { location: other.url }).end();
    });
    expect(await run('releases', '--server', first.url)).toMatchObject({ code: 1 });
    expect(other.seen).toEqual([]);
    await Promise.all([first.close(), other.close()]);
  });

  it('says what to do when no server is there', async () => {
    await server.close();
    const away = await run('get', 'shop');
    expect(away).toMatchObject({ code: 1, out: '' });
    expect(away.err).toContain('meshlift serve');
    env = { MESHLIFT_DATA_DIR: join(dataDir, 'nothing') };
    expect((await run('get', 'shop')).err).toContain('No Meshlift server is known');
  });

  it('lists runs, clusters and operations as tables', async () => {
    const row = { cluster: 'shop', runId: 'run-1', release: '1.6.14-asm.2', phase: 'migrating', startedAt: 't' };
    answer.body = { items: [row], cursor: 'next' };
    const list = await run('list', '--cluster', 'shop', '--phase', 'migrating', '--limit', '5');
    expect(list.out.split('\n')[1]).toBe('shop     run-1  1.6.14-asm.2  migrating  t');
    expect(list.err).toContain('--cursor next');
    expect(server.seen[0]?.path).toBe('/v1/upgrades?cluster=shop&phase=migrating&limit=5');
    answer.body = { items: [{ id: 'shop', role: 'user', labels: { env: 'test' } }] };
    expect((await run('clusters')).out).toBe('CLUSTER  ROLE  LABELS\nshop     user  env=test\n');
    answer.body = { items: [] };
    expect((await run('operations', 'shop')).out).toBe('Nothing has been done yet.\n');
    expect(JSON.parse((await run('operations', 'shop', '-o', 'json')).out)).toEqual([]);
  });
});
