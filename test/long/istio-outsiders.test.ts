import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pause } from '../../domain/run.js';
import { setTag } from '../../sandbox/seed/install-current.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';

const TARGET = '1.31.0';
const GATEWAY = ['gateways.gateway.networking.k8s.io', 'public', '-n', 'edge-gateway'];

/** Somebody else points a tag or a Gateway of current Istio elsewhere while a run waits at its gate, by the real istioctl and kubectl. */
describe('a change from outside of what leads to a revision', () => {
  let mesh: Mesh;
  let original: unknown;
  let run: string;
  beforeAll(async () => {
    mesh = await startMesh('istio-outside', 'istio', { scenario: 'gateways' });
    original = await mesh.facts.snapshot();
    run = await mesh.api.start(mesh.cluster, { canary: ['catalog'], finalizeSoakSeconds: 0 }, TARGET);
    await mesh.api.untilGate(run, 'canary');
  });
  afterAll(async () => mesh.stop());

  const paused = async (): Promise<Pause> => {
    const { pause } = await mesh.api.until(run, (state) => state.pause !== null);
    if (pause === null) throw new Error('the run is not paused');
    expect(pause.by).toBe('meshlift');
    return pause;
  };
  const resume = async (): Promise<void> => {
    expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    await mesh.api.until(run, (state) => state.pause === null);
  };

  it('is told of a tag that was pointed at the new revision before its wave, with the command that puts it right', async () => {
    await setTag(mesh.sandbox, 'default', '1-31-0');
    const { reason, remedy } = await paused();
    expect(reason).toMatch(
      /^Tag default of cluster istio-outside was changed by .+: it leads to 1-31-0, and the run left it with 1-30-3/,
    );
    expect(remedy).toContain('istioctl tag set default --revision 1-30-3 --overwrite');
    await setTag(mesh.sandbox, 'default', '1-30-3');
    await resume();
  });

  it('is told of a tag that was taken away', async () => {
    const webhook = ['mutatingwebhookconfiguration', 'istio-revision-tag-default'];
    const saved = await mesh.facts.run('get', ...webhook, '-o', 'json');
    await mesh.facts.run('delete', ...webhook);
    expect((await paused()).reason).toContain('Tag default of cluster istio-outside was changed');
    const { metadata, ...rest } = JSON.parse(saved) as { metadata: { name: string; labels: object } };
    await mesh.facts.apply({ ...rest, metadata: { name: metadata.name, labels: metadata.labels } });
    await resume();
  });

  it('is told of a Gateway that was pointed elsewhere, with its writer', async () => {
    await mesh.facts.run('label', ...GATEWAY, 'istio.io/rev=1-31-0', '--overwrite');
    const { reason, remedy } = await paused();
    expect(reason).toContain('Gateway edge-gateway/public of cluster istio-outside was changed by kubectl-label');
    expect(remedy).toContain(`kubectl label ${GATEWAY.join(' ')} istio.io/rev=1-30-3 --overwrite`);
    await mesh.facts.run('label', ...GATEWAY, 'istio.io/rev=1-30-3', '--overwrite');
    await resume();
  });

  it('goes on as if nothing had been, and back to what was', async () => {
    await mesh.api.promote(run);
    await mesh.api.untilGate(run, 'rest');
    await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
    await mesh.api.untilPhase(run, 'rolledBack');
    expect(await mesh.facts.snapshot()).toEqual(original);
  });
});
