import { describe, expect, it } from 'vitest';
import type { Route } from '../../domain/plan.js';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';
import type { FakeMesh } from './support/fake-mesh.js';
import { endedCalls, GATEWAYS, sideOf } from './support/gateways.js';

const bench = openBench();
const route: Route = { driver: 'istio-revisioned', from: sideOf('1.30.3', '1-30-3'), to: sideOf('1.31.0', '1-31-0') };
const MESH = {
  canary: { catalog: ['api'] },
  gateways: GATEWAYS,
  route,
  tags: [{ tag: 'default', wave: 'gateways', namespaces: ['catalog'], gateways: ['gw/edge'] }],
};

const callsOf = (mesh: FakeMesh) => endedCalls(mesh, /ateway|Tags|removeOld|restore|compare/);

describe('gateways of current Istio', () => {
  it('are held first, come last and one by one, and get their labels back when the old control plane has gone', async () => {
    const run = await bench.start(MESH);
    await run.promoteAll('canary', 'finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(callsOf(run.mesh)).toEqual([
      'pinGateway gw/public-istio from',
      'moveGateway gw/public-istio forward',
      'moveTags default',
      'moveGateway gw/edge forward',
      'installGateways',
      'removeOldInjection',
      'removeOldControlPlane',
      'releaseGateway gw/public-istio to',
    ]);
  });

  it('go back after the namespaces, and get their labels back when the new control plane has gone', async () => {
    const run = await bench.start(MESH);
    await run.promoteAll('canary');
    await run.reaches('awaitingPromotion', 2);
    await run.rollBack();
    expect((await run.end()).phase.name).toBe('rolledBack');
    const calls = callsOf(run.mesh);
    expect(calls.slice(calls.indexOf('installGateways') + 1)).toEqual([
      'restoreTags',
      'moveGateway gw/edge back',
      'moveGateway gw/public-istio back',
      'restoreGateways',
      'releaseGateway gw/public-istio from',
      'compareWithSnapshot',
    ]);
  });

  it('block the run by name where one does not move, and the next one is not touched', async () => {
    const run = await bench.start(MESH);
    run.mesh.script.fail('moveGateway gw/edge forward', failure('ImagePullBackOff', 'edge: no image'));
    await run.promoteAll('canary');
    await run.reaches('blocked');
    expect(callsOf(run.mesh)).not.toContain('installGateways');
    await run.retry();
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(callsOf(run.mesh)).toContain('installGateways');
  });
});
