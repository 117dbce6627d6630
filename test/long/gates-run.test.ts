import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderMetrics } from '../../sandbox/sandbox.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { QUICK } from './support/gates.js';
import { startWaived } from './support/shared.js';

/** Nobody touches anything: what the metrics say decides. */
describe('a run whose new revision is bad', () => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await startMesh('long-bad', 'asm16', { prometheus: true });
  });
  afterAll(async () => mesh.stop());

  it('rolls itself back after its first wave, and says why', async () => {
    await orderMetrics(mesh.cluster, { revision: 'new', make: 'bad' });
    const gates = { afterWave: [{ analysis: QUICK }] };
    const policy = { waves: [{ name: 'canary', namespaces: ['catalog'] }], gates, onFailure: { analysis: 'rollBack' } };
    const run = await startWaived(mesh, { policy });
    await mesh.api.until(run, ({ phase }) => phase.name === 'rolledBack');
    const told = (await mesh.api.events(run)).flatMap(({ body }) => (body.type === 'transition' ? [body.message] : []));
    const why = told.find((message) => message.includes('error-ratio'));
    expect(why).toMatch(/error-ratio is 0\.\d+, the old revision has 0\.00\d*( \(.*\))?; it must be at most 0\.05/);
    const proxies = await mesh.facts.list('pods', '-n', 'catalog');
    expect(proxies.map(({ metadata }) => metadata.labels?.['istio.io/rev'])).toEqual(proxies.map(() => 'default'));
  });
});
