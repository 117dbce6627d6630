import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../domain/plan.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from './support/probes.js';
import { startMesh, type Mesh } from './support/mesh.js';
import { rollBackToOriginal, SOURCE, startInTheRest, TARGET } from './support/rollback-to-1-5.js';

/** What the installer of 1.5 writes, and 1.6 neither takes over nor reads. */
const ONLY_1_5 =
  /istio-pilot|galley|pilot-envoy-config|-1\.[45]$|ClusterRoleBinding\/istiod-istio-system|ConfigMap\/istio(-sidecar-injector)?$/;

/** The guide's other source: a real Istio 1.5.10, to 1.6.14-asm.2, back from half-way, and there again. */
describe('an upgrade from 1.5', () => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-from-1-5', 'asm15');
    // Somebody did without a default of 1.5: its installer would bring that back.
    await mesh.facts.run('delete', 'hpa,pdb', 'istiod', '-n', 'istio-system');
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  const plan = async (): Promise<Plan> =>
    (await mesh.api.request<Plan>('POST', '/v1/plans', { cluster: mesh.cluster, release: TARGET })).body;

  it('knows the source by the proxy image: 1.5 writes no revision on pods', async () => {
    const { route, findings } = await plan();
    expect(route?.from).toEqual({
      version: SOURCE,
      revision: 'default',
      sidecar: { revision: null, proxyTag: SOURCE },
    });
    expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  });

  it('goes back from half-way: sidecars first, then 1.5 again by its own istioctl', async () => {
    const run = await startInTheRest(mesh);
    await mesh.api.untilHalfWay(run);
    await rollBackToOriginal(mesh, run, original);

    const commands = (await mesh.api.operations(run)).map(({ argv }) => argv.join(' '));
    const reinstall = commands.findIndex((command) => command.startsWith('istioctl manifest apply'));
    expect(commands[reinstall]).toBe('istioctl manifest apply --set profile=asm-multicloud');
    expect(commands.findLastIndex((command) => command.startsWith('kubectl label'))).toBeLessThan(reinstall);
    // The webhook that the installer of 1.5 leaves behind would refuse every pod of a namespace that asks for it.
    const leftOver = commands.findIndex((command) => command.includes('delete mutatingwebhookconfigurations'));
    expect(leftOver).toBeGreaterThan(reinstall);
    for (const plural of ['horizontalpodautoscalers', 'poddisruptionbudgets'])
      expect(commands).toContain(`kubectl delete ${plural} istiod -n istio-system --ignore-not-found`);
  });

  it('goes through to the end, and leaves a mesh of 1.6 whose validation works', async () => {
    const run = await startInTheRest(mesh);
    await mesh.api.untilGate(run, 'finalize');
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter((line) => !line.ok)).toEqual([]);

    const pods = Object.values(await mesh.facts.podsByProxy()).flatMap((row) => Object.keys(row));
    expect(new Set(pods)).toEqual(new Set([TARGET, 'none']));
    expect(await mesh.facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await mesh.facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);
    const istiods = await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'app=istiod');
    expect(istiods.map(({ metadata }) => metadata.name)).toEqual(['istiod-asm-1614-2']);
  });

  it('leaves nothing that 1.5 alone had written, and all that people may rely on', async () => {
    const { names, cluster } = (await mesh.facts.snapshot()) as { names: string[]; cluster: string[] };
    const services = (await mesh.facts.list('services', '-n', 'istio-system')).map(({ metadata }) => metadata.name);
    const webhooks = await mesh.facts.list('mutatingwebhookconfigurations,validatingwebhookconfigurations');
    const left = [...names, ...cluster, ...services, ...webhooks.map(({ metadata }) => metadata.name)];
    expect(left.filter((name) => ONLY_1_5.test(name))).toEqual([]);
    expect(services.sort()).toEqual(['istio-ingressgateway', 'istiod', 'istiod-asm-1614-2', 'prometheus']);
    const config = await mesh.facts.list(
      'gateways.networking.istio.io,sidecars.networking.istio.io',
      '-n',
      'istio-system',
    );
    expect(config.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'Gateway istio-ingressgateway',
      'Sidecar default',
    ]);
  });

  it('is refused from 1.4, with the way over 1.5', async () => {
    const image = 'gcr.io/gke-release/asm/pilot:1.4.10-asm.1';
    const old = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'istiod', namespace: 'istio-system' } };
    const labels = { app: 'istiod' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'discovery', image }] } };
    await mesh.facts.apply({
      ...old,
      metadata: { ...old.metadata, labels },
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    });
    const { route, findings } = await plan();
    expect(route).toBeNull();
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'MESH001',
        severity: 'blocker',
        reason: 'UnsupportedSource',
        message: `The mesh runs 1.4.10-asm.1; 1.4 cannot go to ${TARGET} directly.`,
        remedy: `Upgrade first to 1.5, then to ${TARGET}.`,
      }),
    );
  });
});
