import { describe, expect, it } from 'vitest';
import type { Route } from '../../domain/plan.js';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';
import type { FakeMesh } from './support/fake-mesh.js';
import { endedCalls, GATEWAYS, sideOf } from './support/gateways.js';

const bench = openBench();
const route: Route = {
  driver: 'istio-revisioned',
  inPlace: true,
  from: sideOf('1.30.3', 'default'),
  to: sideOf('1.31.0', 'default'),
};
const MESH = { canary: { catalog: ['api'] }, gateways: GATEWAYS, route };

const callsOf = (mesh: FakeMesh) => endedCalls(mesh, /ateway|Tags|remove|restore|verify(?!Namespace)|compare|install/);

describe('an upgrade in place', () => {
  it('holds no gateway, moves each with its wave, and removes nothing at the end', async () => {
    const run = await bench.start(MESH);
    await run.promoteAll('canary', 'finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(callsOf(run.mesh)).toEqual([
      'installControlPlane',
      'verifyControlPlane',
      'moveGateway gw/public-istio forward',
      'moveGateway gw/edge forward',
      'moveGateway istio-system/istio-ingressgateway forward',
      'verifyMesh',
    ]);
  });

  it('brings the old control plane back before anything else moves back', async () => {
    const run = await bench.start(MESH);
    await run.promoteAll('canary');
    await run.reaches('awaitingPromotion', 2);
    await run.rollBack();
    expect((await run.end()).phase.name).toBe('rolledBack');
    const calls = callsOf(run.mesh);
    expect(calls.slice(calls.indexOf('restoreInPlace'))).toEqual([
      'restoreInPlace',
      'restoreGateways',
      'moveGateway istio-system/istio-ingressgateway back',
      'moveGateway gw/edge back',
      'moveGateway gw/public-istio back',
      'restoreGateways',
      'removeNewControlPlane',
      'compareWithSnapshot',
    ]);
  });

  it('says what a person types where the old control plane does not come back', async () => {
    const run = await bench.start(MESH);
    run.mesh.script.fail('restoreInPlace', failure('ControlPlaneNotReady', 'istiod is not complete'));
    await run.reaches('awaitingPromotion');
    await run.rollBack();
    await run.reaches('rollbackBlocked');
    const { phase } = await run.state();
    const commands = phase.name === 'rollbackBlocked' ? phase.manualCommands : [];
    expect(commands[0]).toContain('bring the control plane 1.30.3 back');
    await run.retry();
    expect((await run.end()).phase.name).toBe('rolledBack');
  });
});
