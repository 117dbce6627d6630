import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { CheckInput } from '../../activities/planning/check.js';
import { judgeableGates } from '../../activities/planning/checks/gates.js';
import { policySchema } from '../../domain/policy/schema.js';

const look = (afterWave: object[], more: Partial<Record<'metrics' | 'route', object>> = {}) =>
  judgeableGates.look({
    plan: {
      policy: policySchema.parse({ gates: { afterWave } }),
      route: more.route ?? { from: { sidecar: { revision: 'default' } } },
    },
    cluster: { id: 'prod', ...(more.metrics && { metrics: more.metrics }) },
    gates: { analyses: {}, webhooks: { board: {} }, jobs: {} },
    signal: AbortSignal.timeout(20_000),
  } as unknown as CheckInput);

const reasons = async (...input: Parameters<typeof look>) => (await look(...input)).map(({ reason }) => reason);

describe('gates that a policy names', () => {
  it('are looked for before anything has moved', async () => {
    expect(await look([{ webhook: 'board' }, { soak: '1m' }, { manual: true }])).toEqual([]);
    const [found] = await look([{ webhook: 'who' }, { job: 'what' }, { job: 'what' }, { webhook: 'board' }]);
    expect(found?.message).toBe(
      'Gates of the policy name what this server does not know: the webhook who, the job what.',
    );
    const waves = policySchema.parse({ waves: [{ name: 'one', gates: [{ analysis: 'mine' }] }] });
    expect(waves.waves?.[0]?.gates).toHaveLength(1);
    expect(await reasons([{ analysis: 'mine' }])).toEqual(['UnknownGate', 'NoMetrics']);
    expect(await reasons([{ analysis: 'istio-defaults' }])).toEqual(['NoMetrics']);
  });

  it('by metrics need series that tell their revision', async () => {
    let result: object[] = [];
    const server = createServer((_, response) => {
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const metrics = { prometheus: url, revisionLabel: 'istio_io_rev', window: 120, headers: {} };
    const steps = [{ analysis: 'istio-defaults' }];
    expect(await look(steps, { metrics })).toMatchObject([{ severity: 'warning', reason: 'RevisionUnmarked' }]);
    // What 1.5 has injected carries no mark.
    expect(await look(steps, { metrics, route: { from: { sidecar: { revision: null } } } })).toEqual([]);
    result = [{ metric: {}, value: [1, '12'] }];
    expect(await look(steps, { metrics })).toEqual([]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await look(steps, { metrics })).toMatchObject([{ severity: 'warning', reason: 'MetricsSilent' }]);
  });
});
