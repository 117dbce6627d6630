import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pause } from '../../domain/run.js';
import { startMesh, type Mesh } from './support/mesh.js';

/** Somebody else changes what a run depends on, while it waits at its gate: each time it pauses once and says who and what to do. */
describe('a change from outside', () => {
  let mesh: Mesh;
  let run: string;

  beforeAll(async () => {
    mesh = await startMesh('e2e-outside');
    run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
  });
  afterAll(async () => mesh.stop());

  it('of the labels of a namespace that has been moved names who made it, and pauses once', async () => {
    await mesh.facts.run('label', 'ns', 'catalog', 'istio-injection=enabled', 'istio.io/rev-', '--overwrite');
    const pause = await paused();
    expect(pause.reason).toContain('Namespace catalog of cluster e2e-outside was relabelled by kubectl-label');
    expect(pause.remedy).toContain('kubectl label namespace catalog istio-injection- istio.io/rev=asm-1614-2');
    await resume();
    await staysOpen();
    await mesh.facts.run('label', 'ns', 'catalog', 'istio-injection-', 'istio.io/rev=asm-1614-2', '--overwrite');
  });

  it('of the labels of a namespace that waits is noticed as well', async () => {
    await mesh.facts.run('label', 'ns', 'cart', 'istio-injection=disabled', '--overwrite');
    expect((await paused()).reason).toMatch(/Namespace cart .* carries istio-injection=disabled/);
    await mesh.facts.run('label', 'ns', 'cart', 'istio-injection=enabled', '--overwrite');
    await resume();
  });

  it('of the gateway is noticed, with the field', async () => {
    await mesh.facts.run('set', 'image', 'deploy/istio-ingressgateway', '-n', 'istio-system', 'istio-proxy=other:1');
    const pause = await paused();
    expect(pause.reason).toMatch(/istio-ingressgateway .* was edited by kubectl-set: template\.spec\.containers/);
    await mesh.facts.run('rollout', 'undo', 'deploy/istio-ingressgateway', '-n', 'istio-system');
    await resume();
  });

  it('while a person holds the run is noticed when it goes on', async () => {
    expect((await mesh.api.command(run, 'pause', { reason: 'lunch' })).status).toBe(200);
    await mesh.facts.run('set', 'image', 'deploy/istio-ingressgateway', '-n', 'istio-system', 'istio-proxy=third:1');
    await mesh.facts.run('label', 'ns', 'catalog', 'istio-injection=enabled', 'istio.io/rev-', '--overwrite');
    expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    await toldOf(
      'istio-ingressgateway of cluster e2e-outside was edited by kubectl-set',
      'Namespace catalog of cluster e2e-outside was relabelled by kubectl-label',
    );
    await mesh.facts.run('rollout', 'undo', 'deploy/istio-ingressgateway', '-n', 'istio-system');
    await mesh.facts.run('label', 'ns', 'catalog', 'istio-injection-', 'istio.io/rev=asm-1614-2', '--overwrite');
    await resume();
  });

  it('by a GitOps tool comes with the rule that keeps it from doing so', async () => {
    const patch = JSON.stringify({ metadata: { labels: { 'istio-injection': 'enabled', 'istio.io/rev': null } } });
    const asTool = ['--type', 'merge', '--field-manager', 'argocd-controller', '-p', patch];
    await mesh.facts.run('patch', 'ns', 'catalog', ...asTool);
    const pause = await paused();
    expect(pause.reason).toContain('relabelled by argocd-controller');
    expect(pause.remedy).toContain('- RespectIgnoreDifferences=true');
    expect(pause.remedy).toContain('/metadata/labels/istio.io~1rev');
    await mesh.facts.run('label', 'ns', 'catalog', 'istio-injection-', 'istio.io/rev=asm-1614-2', '--overwrite');
    await resume();
  });

  it('that takes back a restart is noticed; the marks of a tool on the object name it', async () => {
    const [workload] = await mesh.facts.list('deployments', '-n', 'catalog');
    const name = workload?.metadata.name ?? '';
    await mesh.facts.run('annotate', 'deploy', name, '-n', 'catalog', 'kustomize.toolkit.fluxcd.io/checksum=1');
    const annotations = { 'meshlift.dev/restarted-by': null };
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
    await mesh.facts.run('patch', 'deploy', name, '-n', 'catalog', '--type', 'merge', '-p', patch);
    const pause = await paused();
    expect(pause.reason).toContain(`The restart of Deployment catalog/${name}`);
    expect(pause.remedy).toContain('kustomize.toolkit.fluxcd.io/ssa: Ignore');
    await resume();
  });

  it('that deletes the new istiod during a pause is noticed; the rollback that it advises brings everything back', async () => {
    expect((await mesh.api.command(run, 'pause', { reason: 'lunch' })).status).toBe(200);
    await mesh.facts.run('delete', 'deploy', 'istiod-asm-1614-2', '-n', 'istio-system');
    expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    const pause = await paused();
    expect(pause.reason).toContain('istiod-asm-1614-2 of cluster e2e-outside was deleted by an unknown writer');
    expect(pause.remedy).toContain('`meshlift rollback e2e-outside`');
    await mesh.api.command(run, 'rollback', { reason: 'as advised' });
    expect((await mesh.api.untilPhase(run, 'rolledBack')).pause).toBeNull();
    expect(Object.values(await mesh.facts.podsByProxy()).some((row) => '1.6.14-asm.2' in row)).toBe(false);
  });

  async function paused(): Promise<Pause> {
    const { pause } = await mesh.api.until(run, (state) => state.pause !== null, 30_000);
    if (pause === null) throw new Error('not paused');
    expect(pause.by).toBe('meshlift');
    return pause;
  }

  /** Goes on until each of these was a reason to pause: what the run hears of a little later it tells at the next pause. */
  async function toldOf(...reasons: string[]): Promise<void> {
    for (let missing = reasons; ;) {
      const { reason } = await paused();
      missing = missing.filter((part) => !reason.includes(part));
      if (missing.length === 0) return;
      expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    }
  }

  /** Goes on, and waits until the run looks out again: what happens before that it cannot tell from what was there. */
  async function resume(): Promise<void> {
    expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    await staysOpen();
  }

  /** A second pause for the same change would come as fast as the first. */
  async function staysOpen(): Promise<void> {
    await delay(3_000);
    expect((await mesh.api.state(run)).pause).toBeNull();
  }
});
