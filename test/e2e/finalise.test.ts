import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { startMesh, type Mesh } from './support/mesh.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from './support/probes.js';

const RELEASE = '1.6.14-asm.2';
/** Everything that may carry the label of a revision. */
const KINDS = [
  'deployments,services,endpoints,configmaps,serviceaccounts,hpa,pdb,roles,rolebindings,pods,replicasets',
  'envoyfilters.networking.istio.io,gateways.networking.istio.io,istiooperators.install.istio.io',
  'mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings',
].join(',');

/** Finalising: what holds it, what it takes and what it leaves alone; and the way back from a finished upgrade. */
describe('finalising an upgrade', () => {
  let mesh: Mesh;
  let run: string;
  let original: Record<string, unknown>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-finalise');
    original = await mesh.facts.snapshot();
    run = await mesh.api.start(mesh.cluster, {
      canary: ['catalog'],
      rollbackGraceSeconds: 3600,
    });
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilGate(run, 'finalize');
  });
  afterAll(async () => mesh.stop());

  it('is held by a pod on the old proxy, a tag and a template, each by its name, and removes nothing', async () => {
    for (const manifest of [LONELY_POD, OLD_TAG, PINNED]) await mesh.facts.apply(manifest);
    await mesh.api.promote(run);
    expect((await blocked('PodsUnmanaged')).message).toContain('default/lonely');
    await mesh.facts.run('delete', 'pod/lonely', '-n', 'default', '--wait=true');
    await mesh.api.command(run, 'retry');
    const { message } = await blocked('OldRevisionInUse');
    expect(message).toContain('webhook istio-revision-tag-prod injects for it');
    expect(message).toContain('Deployment default/pinned asks for istio.io/rev=default');
    expect(await names('deployments')).toContain('istiod');
    expect((await mesh.api.state(run)).removing).toBe(false);
    await mesh.facts.run('delete', 'deployment/pinned', '-n', 'default', '--wait=false');
    await mesh.facts.run('delete', 'mutatingwebhookconfiguration', 'istio-revision-tag-prod');
  });

  it('is held by an object of the old revision that somebody has made anew', async () => {
    await mesh.facts.run('delete', 'pdb', 'istiod', '-n', 'istio-system');
    await mesh.facts.apply({ ...PDB, metadata: { ...PDB.metadata, labels: { 'istio.io/rev': 'default' } } });
    await mesh.api.command(run, 'retry');
    const { message } = await blocked('OldRevisionInUse');
    expect(message).toContain('poddisruptionbudgets istio-system/istiod was made anew after the run began');
    expect(await names('deployments')).toContain('istiod');
  });

  it('takes the old control plane and all that is its own, and leaves alone what is somebody else’s', async () => {
    await mesh.facts.run('label', 'pdb', 'istiod', '-n', 'istio-system', 'istio.io/rev-');
    const [before] = await mesh.facts.list('pdb', '-n', 'istio-system', '--field-selector', 'metadata.name=istiod');
    await mesh.api.command(run, 'retry');
    const state = await mesh.api.until(run, ({ phase }) => phase.name === 'succeeded', 120_000);
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(state.proof.at(-1)?.detail).toContain('left alone: poddisruptionbudgets istio-system/istiod');

    const orphans = await mesh.facts.list(KINDS, '-A', '-l', 'istio.io/rev=default');
    expect(orphans.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
    expect(await names('istiooperators.install.istio.io')).toEqual(['installed-state-asm-1614-2']);
    expect(
      await mesh.facts.list('pdb', '-n', 'istio-system', '--field-selector', 'metadata.name=istiod'),
    ).toMatchObject([{ metadata: { name: 'istiod', uid: (before?.metadata as { uid?: string }).uid } }]);
    expect(await mesh.facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await mesh.facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);
  });

  it('keeps a backup of each removed object that only its owner may read', async () => {
    const folder = join(mesh.dataDir, 'runs', mesh.cluster, run.split('/').at(-1) ?? '', 'backup');
    const files = await readdir(folder);
    const removed = (await mesh.api.operations(run)).filter(
      ({ argv, outcome }) => argv[1] === 'delete' && argv[2] !== 'lease' && outcome === 'succeeded',
    );
    expect(files).toHaveLength(removed.length);
    expect(files).toContain('deployments.istio-system.istiod.json');
    expect(((await stat(join(folder, files[0] ?? ''))).mode & 0o777).toString(8)).toBe('600');
  });

  it('can be taken back within the grace: a new run restores everything, restarted once', async () => {
    const before = await mesh.facts.generations();
    const answer = await mesh.api.request<{ runId: string }>('POST', `${run}/rollback`, { reason: 'too slow' }, 'back');
    expect(answer.status).toBe(202);
    const back = answer.headers.get('location') ?? '';
    const again = await mesh.api.request('POST', `${run}/rollback`, { reason: 'too slow' }, 'back');
    expect([again.status, again.headers.get('location')]).toEqual([202, back]);

    const state = await mesh.api.untilPhase(back, 'rolledBack');
    expect(state).toMatchObject({
      restores: { runId: run.split('/').at(-1) },
      proof: [{ ok: true }, { ok: true }, { ok: true }],
    });
    const pods = await mesh.facts.podsByProxy();
    expect(Object.values(pods).some((row) => RELEASE in row)).toBe(false);
    expect(await mesh.facts.snapshot()).toEqual(original);
    const after = await mesh.facts.generations();
    const moved = new Set(state.namespaces.map(({ namespace }) => namespace));
    for (const [workload, generation] of Object.entries(after)) {
      const namespace = workload.split(' ')[1]?.split('/')[0] ?? '';
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, moved.has(namespace) ? 1 : 0]);
    }
  });

  it('cannot be taken back twice', async () => {
    const answer = await mesh.api.command(run, 'rollback', { reason: 'once more' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'ClusterChanged' } });
    expect(answer.body['detail']).toContain('came after it');
  });

  /** Waits until the run is blocked, and gives what blocks it. */
  async function blocked(reason: string): Promise<{ message: string }> {
    const { phase }: RunState = await mesh.api.until(run, (state) => state.phase.name === 'blocked', 120_000);
    if (phase.name !== 'blocked') throw new Error(phase.name);
    expect(phase.obstacle.reason).toBe(reason);
    return phase.obstacle;
  }

  async function names(kind: string): Promise<string[]> {
    return (await mesh.facts.list(kind, '-n', 'istio-system')).map(({ metadata }) => metadata.name);
  }
});

const CONTAINERS = [
  { name: 'app', image: 'registry.example/app:1' },
  { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.6.13' },
];
const LONELY_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'lonely', namespace: 'default' },
  spec: { containers: CONTAINERS },
};
const PINNED = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'pinned', namespace: 'default' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'pinned' } },
    template: {
      metadata: { labels: { app: 'pinned', 'istio.io/rev': 'default' } },
      spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
    },
  },
};
/** What newer Istio calls a tag: a second injector for the old revision. It selects nothing here. */
const OLD_TAG = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'istio-revision-tag-prod', labels: { 'istio.io/rev': 'default', 'istio.io/tag': 'prod' } },
  webhooks: [
    {
      name: 'tag.istio.io',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      clientConfig: { service: { name: 'istiod', namespace: 'istio-system', path: '/inject' } },
      namespaceSelector: { matchLabels: { 'istio.io/rev': 'prod' } },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    },
  ],
};
const PDB = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'istiod', namespace: 'istio-system' },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'istiod' } } },
};
