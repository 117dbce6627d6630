/** The gates that ask others over HTTP, against real servers on loopback. A real Prometheus is met in test/long/gates.test.ts. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRunJournal, type RunJournalStore } from '../../activities/audit/run-journal.js';
import type { ActivityContext } from '../../activities/context.js';
import type { LookingStep } from '../../activities/contract.js';
import { readControl } from '../../activities/gates/control.js';
import { createJudgeGate } from '../../activities/gates/judge-gate.js';
import { createPrometheus } from '../../activities/gates/prometheus.js';
import type { GateVerdict } from '../../domain/gate-verdict.js';
import type { Route } from '../../domain/plan.js';
import { analysisMetricSchema } from '../../domain/policy/analysis-template.js';
import { parseSettings } from '../../settings/settings.js';
import { readBody } from '../support/read-body.js';

type Answer = (response: ServerResponse, body: string, request: IncomingMessage) => void;

const says =
  (status: number, text = ''): Answer =>
  (response) =>
    void response.writeHead(status).end(text);
const cut: Answer = (response) => void response.socket?.destroy();
const silent: Answer = () => undefined;

let dir: string;
let server: Server;
let url: string;
let answers: Answer[] = [];
let asked: { headers: IncomingMessage['headers']; body: string; path: string }[] = [];
let journal: RunJournalStore;

beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      if (body === null) return;
      asked.push({ headers: request.headers, body, path: request.url ?? '' });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      (answer ?? says(500))(response, body, request);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meshlift-gates-'));
  journal = createRunJournal({ dir });
  asked = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const run = { cluster: 'prod', runId: 'run-a', release: '1.6.14-asm.2' };
const route: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
  to: {
    version: '1.6.14-asm.2',
    revision: 'asm-1614-2',
    sidecar: { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' },
  },
};
const SECRET = 'a secret of the board';

async function judge(step: LookingStep, hook: object = {}, env = new MockActivityEnvironment()): Promise<GateVerdict> {
  await writeFile(join(dir, 'board.secret'), `${SECRET}\n`);
  const webhooks = { board: { url: `${url}/ask`, secretFile: 'board.secret', giveUpAfter: 1, timeout: 1, ...hook } };
  const settings = parseSettings(JSON.stringify({ webhooks }), join(dir, 'config.yaml'));
  const context = {
    settings,
    journal: { ...journal, fence: { isHeld: () => Promise.resolve(true) } },
    access: () => ({ cluster: {} }),
  } as unknown as ActivityContext;
  const input = { run, route, wave: 'canary', namespaces: ['shop', 'cart'], step };
  return env.run<[], GateVerdict, () => Promise<GateVerdict>>(() => createJudgeGate(context)(input));
}

describe('a webhook gate', () => {
  it('opens with 2xx, and its question is signed', async () => {
    answers = [says(204)];
    const verdict = await judge({ webhook: 'board' });
    expect(verdict).toMatchObject({ verdict: 'successful' });
    expect(verdict.sentence).toBe(
      'The webhook board for wave canary of cluster prod (namespaces shop, cart) says yes (204).',
    );
    const [{ headers, body }] = asked as [(typeof asked)[0]];
    expect(JSON.parse(body)).toEqual({
      run: 'run-a',
      cluster: 'prod',
      wave: 'canary',
      revision: 'asm-1614-2',
      namespaces: ['shop', 'cart'],
      release: '1.6.14-asm.2',
    });
    const [, seconds = '', signature = ''] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['meshlift-signature'])) ?? [];
    const expected = createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest();
    expect(timingSafeEqual(Buffer.from(signature, 'hex'), expected)).toBe(true);
  });

  it('closes with 4xx, and says what was answered', async () => {
    answers = [says(403, `frozen: ${'x'.repeat(600)}`)];
    const verdict = await judge({ webhook: 'board' });
    expect(verdict.verdict).toBe('failed');
    expect(verdict.sentence).toMatch(/says no: it answered 403 frozen: x{400,490}$/);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['500', says(500), 'it answered 500'],
    ['a redirect', says(302), 'it answered 302'],
    ['429, which asks to come again', says(429), 'it answered 429'],
    ['a connection that is cut', cut, 'socket hang up'],
  ])('asks again after %s', async (_, first, said) => {
    answers = [first, says(200)];
    expect(await judge({ webhook: 'board' }, { giveUpAfter: 60 })).toMatchObject({ verdict: 'successful' });
    expect(asked).toHaveLength(2);
    expect(asked[0]?.headers['meshlift-delivery']).toBe(asked[1]?.headers['meshlift-delivery']);
    answers = [first];
    expect((await judge({ webhook: 'board' })).sentence).toContain(said);
  });

  it('that does not decide in time could not be judged', async () => {
    answers = [silent];
    const verdict = await judge({ webhook: 'board' });
    expect(verdict.verdict).toBe('error');
    expect(verdict.sentence).toMatch(/has not decided in time, asked \d times: no answer within 1 s$/);
    server.closeAllConnections();
  });

  it('ends when the gate is skipped', async () => {
    answers = [silent];
    const env = new MockActivityEnvironment();
    const judging = judge({ webhook: 'board' }, { timeout: 600, giveUpAfter: 600 }, env);
    judging.catch(() => undefined);
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    env.cancel();
    await expect(judging).rejects.toThrow(/CANCELLED/i);
    server.closeAllConnections();
  });

  it('leaves no secret in the journal', async () => {
    answers = [says(403, `token=${SECRET.replaceAll(' ', '-')}`)];
    const verdict = await judge({ webhook: 'board' });
    const text = await readFile(join(dir, 'prod', 'run-a', 'journal.jsonl'), 'utf8');
    expect(text).toContain('gate/canary/webhook/board');
    for (const kept of [text, JSON.stringify(verdict)]) {
      expect(kept).not.toContain(SECRET);
      expect(kept).not.toContain(SECRET.replaceAll(' ', '-'));
    }
  });
});

describe('a gate that the server does not know', () => {
  it.each<[LookingStep, RegExp]>([
    [{ webhook: 'nobody' }, /no webhook "nobody".*it has board\./],
    [{ job: 'nothing' }, /no job "nothing".*it has none\./],
    [{ analysis: 'what' }, /no analysis "what".*it has istio-defaults\./],
    [{ analysis: 'istio-defaults' }, /Nobody has said where the metrics of cluster prod are/],
  ])('could not be judged: %j', async (step, sentence) => {
    const verdict = await judge(step);
    expect(verdict).toMatchObject({ verdict: 'error', measurements: [] });
    expect(verdict.sentence).toMatch(sentence);
    expect(verdict.remedy).toContain('configuration file');
  });
});

const vector = (...values: string[]) =>
  says(
    200,
    JSON.stringify({
      status: 'success',
      data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1, value] })) },
    }),
  );
const metricsOf = (more: object = {}) => ({
  prometheus: `${url}/prod/`,
  revisionLabel: 'istio_io_rev',
  window: 120,
  headers: { 'X-Scope-OrgID': 'shop' },
  ...more,
});

describe('the client of Prometheus', () => {
  const ask = (more: object = {}) => createPrometheus(metricsOf(more)).ask('sum(up)', AbortSignal.timeout(20_000));

  it('asks for one number, with the headers and the token of its file', async () => {
    await writeFile(join(dir, 'token'), 'secret-token\n');
    answers = [vector('0.25')];
    expect(await ask({ bearerTokenFile: join(dir, 'token') })).toEqual({ kind: 'value', value: 0.25 });
    expect(asked[0]).toMatchObject({
      path: '/prod/api/v1/query',
      body: 'query=sum%28up%29',
      headers: { authorization: 'Bearer secret-token', 'x-scope-orgid': 'shop' },
    });
  });

  it.each<[string, () => Answer, object]>([
    ['nothing', () => vector(), { kind: 'none' }],
    ['NaN', () => vector('NaN'), { kind: 'none' }],
    ['infinity', () => vector('+Inf'), { kind: 'value', value: Number.POSITIVE_INFINITY }],
  ])('knows %s', async (_, answer, reading) => {
    answers = [answer()];
    expect(await ask()).toEqual(reading);
  });

  it.each<[string, Answer, RegExp]>([
    [
      'its own words',
      says(400, JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error' })),
      /^Prometheus answered 400: bad_data: parse error$/,
    ],
    ['what a proxy says', says(502, 'Bad Gateway'), /^Prometheus answered 502: Bad Gateway$/],
    ['several series', vector('1', '2'), /gives 2 series, and one number is wanted/],
    ['a redirect', says(301), /answered 301: nothing/],
    ['a page', says(200, '<html>'), /answered 200: <html>/],
  ])('gives an error with %s', async (_, answer, message) => {
    answers = [answer];
    const reading = await ask();
    expect(reading).toMatchObject({ kind: 'error' });
    expect((reading as { message: string }).message).toMatch(message);
  });

  it('gives an error when nobody is there, or its token cannot be read', async () => {
    const nobody = createPrometheus(metricsOf({ prometheus: 'http://127.0.0.1:1' }));
    expect(await nobody.ask('up', AbortSignal.timeout(20_000))).toMatchObject({ message: /ECONNREFUSED/ });
    expect(await ask({ bearerTokenFile: join(dir, 'no') })).toMatchObject({ message: /cannot be asked: ENOENT/ });
  });
});

describe('what the new revision is compared with', () => {
  const metric = analysisMetricSchema.parse({
    name: 'm',
    query: 'q{r="$revision",n=~"$namespaces"}',
    maxRatioToControl: 2,
  });
  const scope = { revision: 'new', control: 'old', namespaces: ['shop'], window: '1m', revisionLabel: 'rev' };
  const before = new Date('2026-01-01T00:00:00Z');
  /** Answers by what is asked: the old revision here, elsewhere, or before. */
  const control = async (values: Record<string, number>, more: Partial<typeof scope> = {}) => {
    const ask = (query: string, _: AbortSignal, at?: Date) => {
      const key = `${at === undefined ? '' : 'before '}${query}`;
      return Promise.resolve(
        key in values ? { kind: 'value' as const, value: values[key]! } : { kind: 'none' as const },
      );
    };
    const prometheus = { ...createPrometheus(metricsOf()), ask };
    const signal = AbortSignal.timeout(20_000);
    return readControl(prometheus, { metric, scope: { ...scope, ...more }, before, signal });
  };
  const [HERE, ELSEWHERE, BEFORE] = ['q{r="old",n=~"shop"}', 'q{r="old",n=~".+"}', 'before q{r="old",n=~"shop"}'];

  it('is the old revision beside it, where there still is one', async () => {
    expect(await control({ [HERE]: 1, [ELSEWHERE]: 5, [BEFORE]: 9 })).toEqual({ reading: { kind: 'value', value: 1 } });
  });

  it('else the kinder of what it does elsewhere, and what it did here before', async () => {
    expect(await control({ [ELSEWHERE]: 5, [BEFORE]: 9 })).toMatchObject({
      reading: { value: 9 },
      where: /before the wave/,
    });
    expect(await control({ [ELSEWHERE]: 5, [BEFORE]: 2 })).toMatchObject({
      reading: { value: 5 },
      where: /same moment/,
    });
    expect(await control({})).toEqual({ reading: { kind: 'none' } });
  });

  it('in place is what was here before', async () => {
    const key = 'before q{r="one",n=~"shop"}';
    expect(await control({ [key]: 3 }, { revision: 'one', control: 'one' })).toMatchObject({ reading: { value: 3 } });
  });
});
