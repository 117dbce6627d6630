import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheus } from '../../activities/gates/prometheus.js';
import { BUILT_IN_ANALYSES } from '../../domain/gates/templates.js';
import type { GateVerdict } from '../../domain/gate-verdict.js';
import { CRASH, FAILS } from '../../sandbox/cluster/kubelet-stages.js';
import { recordedProcesses } from '../../sandbox/cluster/processes.js';
import { orderMetrics, type Conduct } from '../../sandbox/sandbox.js';
import { metricsSchema } from '../../settings/gates.js';
import { eventually } from '../e2e/support/eventually.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { isReady } from '../e2e/support/zoo.js';
import { gatesOf, QUICK, type Gates } from './support/gates.js';
import { startWaived } from './support/shared.js';
import { behindTls } from './support/tls-front.js';

const NEW_REQUESTS = 'istio_requests_total{istio_io_rev="asm-1614-2",destination_workload_namespace="catalog"}';
const RATE = `sum(rate(${NEW_REQUESTS}[10s]))`;
const ERRORS = `sum(rate(${NEW_REQUESTS.replace('{', '{response_code="503",')}[10s])) / ${RATE}`;
const P99 =
  'histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{istio_io_rev="asm-1614-2"}[10s])))';

const smokeTest = (annotations: Record<string, string> = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'smoke-test', namespace: 'default' },
  spec: {
    backoffLimit: 0,
    template: {
      metadata: { annotations },
      spec: { restartPolicy: 'Never', containers: [{ name: 'test', image: 'registry.example/smoke:1' }] },
    },
  },
});

/** Every verdict of every gate, with a real Prometheus and a wave that has really moved. */
describe('gates', () => {
  let mesh: Mesh;
  let gates: Gates;

  beforeAll(async () => {
    mesh = await startMesh('long-gates', 'asm16', { prometheus: true });
    const run = await startWaived(mesh, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    gates = await gatesOf(mesh, run, { passes: smokeTest(), fails: smokeTest({ [FAILS]: 'true' }) });
  });
  afterAll(async () => mesh.stop());

  const make = (conduct: Conduct, periodSeconds = 5) =>
    orderMetrics(mesh.cluster, { revision: 'new', make: conduct, periodSeconds });
  const makeGood = async () => {
    await make('good');
    await gates.until(ERRORS, (value) => value !== null && value < 0.003);
    await gates.until(P99, (value) => value !== null && value < 110);
  };
  const told = (verdict: GateVerdict): GateVerdict => {
    process.stderr.write(`${verdict.verdict}: ${verdict.sentence}\n`);
    return verdict;
  };
  const of = ({ measurements }: GateVerdict, name: string) => measurements.find(({ metric }) => metric === name);

  it('good is successful', async () => {
    await makeGood();
    const verdict = told(await gates.judge({ analysis: 'quick' }));
    expect(verdict).toMatchObject({ verdict: 'successful' });
    expect(of(verdict, 'error-ratio')).toMatchObject({
      verdict: 'successful',
      control: expect.closeTo(0.002, 3) as number,
    });
    expect(of(verdict, 'proxies-connected')?.value).toBeGreaterThan(0);
    expect(of(verdict, 'container-restarts')).toMatchObject({ detail: 'a dry run: decides nothing; no data' });
    expect(of(verdict, 'pod-health')).toMatchObject({ verdict: 'successful' });
    const operations = await gates.operations();
    const asked = operations.filter(({ id }) => id.startsWith('gate/canary/quick/latency-p99/'));
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({ mutating: false, outcome: 'succeeded' });
    expect(asked[0]?.argv.join(' ')).toContain('query=histogram_quantile(0.99');
    expect(asked[0]?.tail).toMatch(/^latency-p99 is \d+(\.\d+)?, the old revision has \d+.*: successful$/);
  });

  it('bad has failed, with value, control, threshold and link', async () => {
    await make('bad');
    await gates.until(ERRORS, (value) => value !== null && value > 0.2);
    const verdict = told(await gates.judge({ analysis: 'quick' }));
    expect(verdict.verdict).toBe('failed');
    expect(verdict.sentence).toMatch(
      /^The analysis quick for wave canary of cluster long-gates \(namespace catalog\) has failed: error-ratio is 0\.[23]\d*, the old revision has 0\.00\d* \(in .*\); it must be at most 0\.05, and at most 2 times/,
    );
    const { link = '' } = of(verdict, 'error-ratio') ?? {};
    expect(verdict.sentence).toContain(link);
    expect((await fetch(link)).status).toBe(200);
    expect(of(verdict, 'error-ratio')?.query).toContain('destination_workload_namespace=~"catalog"');
  });

  it('slow has failed on its p99', async () => {
    await make('slow');
    await gates.until(ERRORS, (value) => value !== null && value < 0.003);
    await gates.until(P99, (value) => value !== null && value > 1_000);
    const verdict = told(await gates.judge({ analysis: 'quick' }));
    expect(verdict.verdict).toBe('failed');
    expect(of(verdict, 'latency-p99')).toMatchObject({ verdict: 'failed' });
    expect(of(verdict, 'latency-p99')?.value).toBeGreaterThan(1_000);
    expect(of(verdict, 'latency-p99')?.control).toBeLessThan(200);
  });

  it('silent is inconclusive', async () => {
    await make('silent');
    await gates.until(RATE, (value) => value === null || value < 0.1);
    const verdict = told(await gates.judge({ analysis: 'quick' }));
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.remedy).toContain('promote the gate when it is well');
  });

  it('flapping is as the limits say', async () => {
    await make('flapping', 4);
    await gates.until(RATE, (value) => value !== null && value > 1);
    const [errors] = QUICK.metrics.filter(({ name }) => name === 'error-ratio');
    const metric = { ...errors!, query: errors!.query.replaceAll('$window', '3s'), inconclusiveLimit: 5, count: 12 };
    const judge = (failureLimit: number) => gates.judge({ analysis: { metrics: [{ ...metric, failureLimit }] } });
    const [strict, lenient] = await Promise.all([judge(0), judge(11)]);
    expect([told(strict).verdict, told(lenient).verdict]).toEqual(['failed', 'successful']);
  });

  it('during a soak good goes on to its end, and bad ends it at once', async () => {
    await makeGood();
    const soon = Date.now() + 15_000;
    const good = told(await gates.judge({ analysis: 'quick' }, { stopAt: new Date(soon).toISOString() }));
    expect(good.verdict).toBe('successful');
    expect(Date.now()).toBeGreaterThanOrEqual(soon);
    const judging = gates.judge({ analysis: 'quick' }, { stopAt: new Date(Date.now() + 3_600_000).toISOString() });
    await make('bad');
    expect(told(await judging).verdict).toBe('failed');
  });

  it('an analysis ends when its gate is skipped', async () => {
    await makeGood();
    const env = new MockActivityEnvironment();
    const seen = (await gates.operations()).length;
    const judging = gates.judge({ analysis: 'istio-defaults' }, { env });
    judging.catch(() => undefined);
    await eventually('a measurement', async () => (await gates.operations()).length > seen);
    env.cancel();
    await expect(judging).rejects.toThrow(/CANCELLED/i);
  });

  it('istio-defaults goes to its end at its own pace', async () => {
    await makeGood();
    const asked = async () =>
      (await gates.operations()).filter(({ id }) => id.startsWith('gate/canary/istio-defaults/error-ratio/')).length;
    const before = await asked();
    const began = Date.now();
    const verdict = told(await gates.judge({ analysis: 'istio-defaults' }));
    expect(verdict.verdict).toBe('successful');
    const { count, interval } = BUILT_IN_ANALYSES['istio-defaults']!.metrics.find(
      ({ name }) => name === 'error-ratio',
    )!;
    expect(Date.now() - began).toBeGreaterThanOrEqual((count - 1) * interval * 1_000);
    // Not all of them: one of before, whose gate was skipped, has been asked about as well.
    expect((await asked()) - before).toBe(count);
  });

  it('a Job opens or closes the gate, and is gone afterwards', async () => {
    const opened = told(await gates.judge({ job: 'passes' }));
    expect(opened).toMatchObject({ verdict: 'successful' });
    const closed = told(await gates.judge({ job: 'fails' }));
    expect(closed.verdict).toBe('failed');
    expect(closed.sentence).toContain('it has failed: BackoffLimitExceeded');
    await eventually('the Jobs to be gone', async () => (await mesh.facts.list('jobs', '-n', 'default')).length === 0);
    const operations = (await gates.operations()).filter(({ id }) => id.startsWith('gate/canary/job/'));
    expect(operations.map(({ id, mutating, outcome }) => [id.replace(/#.*/, ''), mutating, outcome])).toEqual(
      ['passes', 'fails'].flatMap((name) => [
        [`gate/canary/job/${name}/create`, true, 'succeeded'],
        [`gate/canary/job/${name}/wait`, false, 'succeeded'],
        [`gate/canary/job/${name}/delete`, true, 'succeeded'],
      ]),
    );
  });

  it('pods that crash are seen at once, unless they did so before', async () => {
    const [deployment] = await mesh.facts.list('deployments', '-n', 'catalog');
    const annotate = async (annotations: Record<string, string | null>) => {
      const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
      await mesh.facts.run('patch', 'deployment', deployment!.metadata.name, '-n', 'catalog', '-p', patch);
    };
    expect(told(await gates.watch('canary')).verdict).toBe('successful');
    const watching = gates.watch('canary', new Date(Date.now() + 3_600_000).toISOString());
    await annotate({ [CRASH]: 'true' });
    const verdict = told(await watching);
    expect(verdict.verdict).toBe('failed');
    expect(verdict.sentence).toMatch(
      new RegExp(`do worse than before: Deployment catalog/${deployment!.metadata.name}: pods? .*CrashLoopBackOff`),
    );
    const analysed = told(await gates.judge({ analysis: 'quick' }));
    expect(of(analysed, 'pod-health')).toMatchObject({ verdict: 'failed' });
    await gates.note('another wave');
    expect(told(await gates.watch('another wave')).verdict).toBe('successful');
    await annotate({ [CRASH]: null });
    await eventually('the pods to be well again', async () =>
      (await mesh.facts.list('pods', '-n', 'catalog')).every(isReady),
    );
  });

  it('a Prometheus behind TLS is asked when its authority is known, and by nobody else', async () => {
    const metrics = await behindTls(mesh.sandbox);
    const known = createPrometheus(metrics);
    expect(await known.ask('vector(7)', AbortSignal.timeout(20_000))).toEqual({ kind: 'value', value: 7 });
    const unknown = createPrometheus(metricsSchema.parse({ prometheus: metrics.prometheus }));
    expect(await unknown.ask('vector(7)', AbortSignal.timeout(20_000))).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/cannot be asked: .*self-signed certificate/) as string,
    });
  });

  it('a Prometheus that is gone is an error', async () => {
    const { prometheus } = await recordedProcesses(mesh.sandbox.dir);
    process.kill(prometheus!.pid, 'SIGKILL');
    const { metrics } = QUICK;
    const verdict = told(await gates.judge({ analysis: { metrics: metrics.slice(1, 3) } }));
    expect(verdict.verdict).toBe('error');
    expect(of(verdict, 'error-ratio')).toMatchObject({ verdict: 'error' });
    expect(of(verdict, 'error-ratio')?.detail).toMatch(/^Prometheus at http:\S+ cannot be asked: .*ECONNREFUSED/);
  });
});
