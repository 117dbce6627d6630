import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drive } from '../crash/drive.js';
import { faultsOf } from '../crash/rows.js';
import { readFacts, ROLLBACK_FROM_CANARY, type Facts } from '../crash/scenarios.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';

/** Some rows of `npm run test:crash`: one of each kind of operation, there and back. */
const POINTS = [
  { operation: 'forward istioctl 30', moment: 'before' },
  { operation: 'forward PATCH namespaces/catalog', moment: 'after' },
  { operation: 'forward PATCH catalog deployments/search', moment: 'after' },
  { operation: 'back PATCH istio-system deployments/istio-ingressgateway', moment: 'before' },
  { operation: 'back DELETE istio-system deployments/istiod-asm-1614-2', moment: 'after' },
] as const;

describe('a worker that is killed at an operation', () => {
  let mesh: ProxiedMesh;
  let original: Facts;

  beforeAll(async () => {
    mesh = await startProxiedMesh('e2e-crash');
    original = await readFacts(mesh);
  });
  afterAll(async () => mesh.stop());

  it('leaves no trace of it: the run ends where it would have ended, and nothing was ever wrong on the way', async () => {
    const outcome = await drive(mesh, ROLLBACK_FROM_CANARY, POINTS);
    expect(outcome.killed).toEqual(POINTS);
    const twice = Object.keys(original.generations).map((name) => [name, name.includes(' catalog/') ? 2 : 0] as const);
    expect(faultsOf(outcome, { after: original, restarts: Object.fromEntries(twice) })).toEqual([]);
  });
});
