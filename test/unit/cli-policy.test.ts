import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policySchema } from '../../domain/policy/schema.js';
import { meshlift, PLAN, sendJson, stateAfter, startServer, UP_TO_CANARY, type TestServer } from './cli-support.js';

const GATED = policySchema.parse({ gates: { afterWave: [{ soak: '10m' }, { analysis: 'istio-defaults' }] } });
const SOAKING = stateAfter(
  { type: 'planned', plan: { ...PLAN, policy: GATED } },
  ...UP_TO_CANARY.slice(1),
  { type: 'namespaceStarted', namespace: 'catalog', direction: 'forward' },
  { type: 'namespaceFinished', namespace: 'catalog', direction: 'forward', workloads: 3, pods: 9 },
  { type: 'waveFinished' },
  {
    type: 'gateJudged',
    wave: 0,
    step: 1,
    verdict: 'inconclusive',
    detail: 'No data.',
    measurements: [{ metric: 'errors', verdict: 'inconclusive', threshold: 'at most 0.01' }],
  },
);

describe('policies on the command line', () => {
  let server: TestServer;
  let dir: string;
  let body: unknown;
  const run = (...args: string[]) => meshlift(args, { MESHLIFT_DATA_DIR: dir });
  const file = async (name: string, text: string) => {
    const path = join(dir, name);
    await writeFile(path, text);
    return path;
  };

  beforeEach(async () => {
    body = SOAKING;
    server = await startServer(({ path }, response) => {
      sendJson(response, 200, path.endsWith('/workloads') ? { items: [] } : body);
    });
    dir = await mkdtemp(join(tmpdir(), 'meshlift-policy-'));
    await writeFile(join(dir, 'endpoint.json'), JSON.stringify({ url: server.url, workerPid: 1 }));
    await writeFile(join(dir, 'token'), 'local-token\n', { mode: 0o600 });
  });
  afterEach(async () => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('validate takes YAML and JSON, and asks no server', async () => {
    const yaml = await file('p.yaml', 'waves: [{ name: canary, percent: 10 }]\ntimeouts: { workload: 20m }\n');
    const json = await file('p.json', '{"budget": {"maxUnavailablePods": 3}}');
    expect(await run('policy', 'validate', yaml)).toMatchObject({ code: 0, out: `${yaml} is a policy.\n` });
    const full = JSON.parse((await run('policy', 'validate', json, '-o', 'json')).out) as typeof GATED;
    expect(full.budget).toMatchObject({ maxUnavailablePods: 3, maxSurgePods: 200 });
    expect(server.seen).toEqual([]);
  });

  it('validate takes every example', async () => {
    const examples = new URL('../../infra/policies/', import.meta.url);
    const names = await readdir(examples);
    expect(names).not.toEqual([]);
    for (const name of names)
      expect(await run('policy', 'validate', fileURLToPath(new URL(name, examples)))).toMatchObject({
        code: 0,
        err: '',
      });
  });

  it.each([
    ['gates: { afterWave: [{ soak: 8d }] }', 'gates.afterWave[0].soak: '],
    ['gates: { afterWave: [{ wait: 8d }] }', 'gates.afterWave[0]: '],
    ['budget: { maxUnavailable: 5% }', 'budget: Unrecognized key: "maxUnavailable"'],
    ['waves: [{ name: a }, { name: a }]', 'waves[1].name: two waves are called a'],
    ['- a list', 'the file: '],
    ['a: [', 'neither YAML nor JSON'],
  ])('names the file and the field that is wrong: %s', async (text, place) => {
    const path = await file('wrong.yaml', text);
    for (const args of [
      ['policy', 'validate', path],
      ['plan', 'shop', '--release', '1.6.14-asm.2', '--policy', path],
      ['policy', 'change', 'shop', '-f', path],
    ]) {
      const { code, err } = await run(...args);
      expect([code, err]).toEqual([2, expect.stringContaining(path)]);
      expect(err).toContain(place);
    }
    expect(server.seen).toEqual([]);
  });

  it('explain says what is a default and what is not', async () => {
    const path = await file(
      'p.yaml',
      'onFailure: { analysis: rollBackWave }\nwaves: [{ name: first, selector: team=shop }]',
    );
    const { out, code } = await run('policy', 'explain', path);
    expect(code).toBe(0);
    expect(out).toContain('  first: namespaces labelled team=shop\n');
    expect(out).toContain('  an analysis, a webhook or a job fails: its wave goes back, then a person decides\n');
    expect(out).toContain('  it cannot tell (no data, no answer): the run waits for a person (default)\n');
    expect((await run('policy', 'explain')).out).toContain('promotion (default)');
    expect(server.seen).toEqual([]);
  });

  it('explain names the namespaces of a cluster, and the budget in pods', async () => {
    body = PLAN;
    const { out } = await run('policy', 'explain', '--cluster', 'shop', '--release', '1.6.14-asm.2');
    expect(out).toContain('  rest: cart, orders, payments; then promotion\n');
    expect(out).toContain('at most 2 of 40 (5%) pods unavailable');
    expect(server.seen.map(({ path }) => path)).toEqual(['/v1/plans']);
    expect((await run('policy', 'explain', '--cluster', 'shop')).code).toBe(2);
  });

  it('explain and plan say which waves cannot go back alone where the policy asks for that', async () => {
    const path = await file('p.yaml', 'onFailure: { analysis: rollBackWave }');
    const policy = policySchema.parse({ onFailure: { analysis: 'rollBackWave' } });
    const waves = PLAN.waves.map((wave) => (wave.name === 'rest' ? { ...wave, tags: ['prod'] } : wave));
    const say = async (args: readonly string[]) => (await run(...args, '--release', '1.6.14-asm.2')).out;

    body = { ...PLAN, policy, waves };
    const explained = await say(['policy', 'explain', path, '--cluster', 'shop']);
    expect(explained).toContain('  rest cannot go back alone: where its gate sends it back, the whole run goes back\n');
    expect(explained).not.toContain('canary cannot go back alone');
    const planned = await say(['plan', 'shop', '--policy', path]);
    expect(planned.match(/it cannot go back alone/g)).toHaveLength(1);
    expect(planned).toContain('     it cannot go back alone: its gate takes back the whole run\n');

    body = { ...PLAN, waves };
    expect(await say(['plan', 'shop'])).not.toContain('cannot go back alone');
    expect(await say(['policy', 'explain', '--cluster', 'shop'])).not.toContain('cannot go back alone');
  });

  it('plan and start send the policy of a file', async () => {
    body = PLAN;
    const path = await file('p.yaml', 'gates: { afterWave: [{ soak: 10m }, { analysis: istio-defaults }] }');
    await run('plan', 'shop', '--release', '1.6.14-asm.2', '--policy', path);
    expect(server.seen[0]?.body).toMatchObject({ options: { policy: GATED } });
  });

  it('change sends all of it, bound to the run and its plan', async () => {
    const path = await file('p.yaml', 'timeouts: { promotion: 1d }');
    expect(await run('policy', 'change', 'shop', '-f', path)).toMatchObject({ code: 0 });
    expect(server.seen.at(-1)).toMatchObject({
      path: '/v1/upgrades/shop/run-1/policy',
      body: { planHash: PLAN.hash, policy: policySchema.parse({ timeouts: { promotion: 86_400 } }) },
    });
  });

  it('promote changes the soak of the gate at hand, or overrides it', async () => {
    for (const [args, sent] of [
      [['--soak', 'skip'], { soak: 'skip' }],
      [['--soak=-5m'], { soak: { extendSeconds: -300 } }],
      [['--soak', '+1h'], { soak: { extendSeconds: 3_600 } }],
      [['--override', 'known noise'], { override: 'known noise' }],
    ] as const) {
      await run('promote', 'shop', ...args);
      expect(server.seen.at(-1)?.body).toEqual({ gate: 'canary', planHash: PLAN.hash, ...sent });
    }
    expect((await run('promote', 'shop', '--soak', '10m')).code).toBe(2);
    expect((await run('promote', 'shop', '--soak', 'skip', '--override', 'x')).code).toBe(2);
  });

  it('get shows until when a wave soaks, what comes then, and what was measured', async () => {
    const { out } = await run('get', 'shop');
    expect(out).toMatch(/soaking wave canary - .+ left/);
    expect(out.replaceAll('\n', ' ')).toContain('; then analysis istio-defaults');
    expect(out).toContain('analysis istio-defaults - inconclusive - No data.');
    expect(out).toContain('errors no data, wanted: at most 0.01, inconclusive');
  });

  it('plan shows the gate of each wave', async () => {
    body = { ...PLAN, policy: GATED, waves: [{ ...PLAN.waves[0], gates: [], firstPercent: 20 }, PLAN.waves[1]] };
    const { out } = await run('plan', 'shop', '--release', '1.6.14-asm.2');
    expect(out).toContain('canary - 1 namespace, 20% of the workloads of each first');
    expect(out).toContain('     then it goes on by itself\n');
    expect(out).toContain('     then soak 10m, then analysis istio-defaults\n');
  });
});
