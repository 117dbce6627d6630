import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scenario } from '../../sandbox/sandbox.js';
import { eventually } from '../e2e/support/eventually.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from '../e2e/support/probes.js';
import { proxies } from './support/proxies.js';

const TARGET = '1.31.0';
const OLD = '1.30.3';
const WAIVERS = [{ check: 'MESH059', reason: 'there is no room for two of them' }];
const OPTIONS = { canary: ['catalog'], finalizeSoakSeconds: 0, inPlace: true };

interface Row {
  readonly scenario: Scenario;
  /** The Deployment that is replaced. */
  readonly istiod: string;
  /** Gates before the last one. */
  readonly gates: readonly string[];
}

/** Current Istio whose control plane is replaced where it is: with gateways of each kind, with a revision and tags, and by Helm. */
const ROWS: readonly Row[] = [
  { scenario: 'default-gateways', istiod: 'istiod', gates: ['canary', 'rest'] },
  { scenario: 'tags', istiod: 'istiod-1-30-3', gates: ['canary'] },
  { scenario: 'helm-ambient', istiod: 'istiod-1-30-3', gates: ['canary', 'rest'] },
];

describe.each(ROWS)('an upgrade of current Istio in place, scenario $scenario', ({ scenario, istiod, gates }) => {
  let mesh: Mesh;
  let original: unknown;
  beforeAll(async () => {
    mesh = await startMesh(`in-place-${scenario}`, 'istio', { scenario });
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  const start = () => mesh.api.start(mesh.cluster, { ...OPTIONS, waivers: WAIVERS }, TARGET);
  const toTheLastGate = async (run: string): Promise<void> => {
    for (const gate of gates) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    await mesh.api.untilGate(run, 'finalize');
  };
  const istiods = async () => {
    const found = await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'app=istiod');
    return found.map(({ metadata, spec }) => [metadata.name, versionIn(spec)]);
  };
  const expectBack = async (): Promise<void> => {
    expect(await istiods()).toEqual([[istiod, OLD]]);
    expect(await mesh.facts.snapshot()).toEqual(original);
    expect(await versions(mesh)).toEqual(new Set([OLD]));
  };

  it('does not begin before somebody has taken its risk, which the plan names', async () => {
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    const { findings } = await mesh.api.untilPhase(run, 'rejected');
    const blockers = findings.filter(({ severity }) => severity === 'blocker' || severity === 'unknown');
    expect(blockers.map(({ check }) => check)).toEqual(['MESH059']);
    await expectBack();
  });

  it('goes on where a kill of worker and istioctl left it half-way, and back from the canary gate', async () => {
    const run = await start();
    await eventually('istioctl is at work', async () => (await istiods()).some(([, version]) => version === TARGET));
    process.kill((await mesh.pids()).worker, 'SIGKILL');
    await mesh.api.untilGate(run, 'canary');
    expect(await istiods()).toEqual([[istiod, TARGET]]);
    expect(await versions(mesh, 'catalog')).toEqual(new Set([TARGET]));
    expect(await versions(mesh, 'payments')).toEqual(new Set([OLD]));
    await goBack(mesh, run);
    await expectBack();
  });

  it('goes back from the last gate, when every proxy is new', async () => {
    const run = await start();
    await toTheLastGate(run);
    expect(await versions(mesh)).toEqual(new Set([TARGET]));
    await goBack(mesh, run);
    await expectBack();
  });

  it('goes through to the end with all labels as they were, and can be taken back', async () => {
    const labels = await labelsOf(mesh);
    const run = await start();
    await toTheLastGate(run);
    await mesh.api.promote(run);
    const { proof } = await mesh.api.untilPhase(run, 'succeeded');
    expect(proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(proof.map(({ name }) => name)).toContain('the control plane was replaced in place');
    expect(await istiods()).toEqual([[istiod, TARGET]]);
    expect(await versions(mesh)).toEqual(new Set([TARGET]));
    expect(await labelsOf(mesh)).toEqual(labels);
    expect(await mesh.facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await mesh.facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);

    const latest = `/v1/upgrades/${mesh.cluster}/latest`;
    const { body } = await mesh.api.command(latest, 'rollback', { reason: 'second thoughts' });
    const back = `/v1/upgrades/${mesh.cluster}/${String(body['runId'])}`;
    expect((await mesh.api.untilPhase(back, 'rolledBack')).proof.filter(({ ok }) => !ok)).toEqual([]);
    await expectBack();
  });
});

async function goBack(mesh: Mesh, run: string): Promise<void> {
  await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
  await mesh.api.untilPhase(run, 'rolledBack');
}

/** The versions of proxies, without how their images were packed: Helm and istioctl differ in that. */
async function versions(mesh: Mesh, namespace?: string): Promise<Set<string>> {
  return new Set([...(await proxies(mesh, namespace))].map((tag) => tag.replace('-distroless', '')));
}

async function labelsOf(mesh: Mesh): Promise<Record<string, unknown>> {
  const namespaces = await mesh.facts.list('namespaces', '-l', 'shop=demo');
  return Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
}

function versionIn(spec: unknown): string {
  const { template } = spec as { template: { spec: { containers: { image: string }[] } } };
  return template.spec.containers[0]?.image.split(':').at(-1)?.replace('-distroless', '') ?? '';
}
