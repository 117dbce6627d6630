import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scenario } from '../../sandbox/sandbox.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from '../e2e/support/probes.js';
import { proxies } from './support/proxies.js';

const TARGET = '1.31.0';
const OLD = '1.30.3';

interface Row {
  readonly scenario: Scenario;
  /** Namespaces of the first wave; by the mesh's own choice where it has one. */
  readonly canary?: readonly string[];
  /** Tags of the mesh, and the revision that they lead to before. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Current Istio, real istioctl and istiod, in the ways in which people ask for its sidecars. */
const ROWS: readonly Row[] = [
  { scenario: 'labels', canary: ['catalog'], tags: { default: '1-30-3' } },
  { scenario: 'tags', tags: { default: '1-30-3', 'prod-canary': '1-30-3', 'prod-stable': '1-30-3' } },
  // istioctl makes the tag beside a control plane without a revision, too.
  { scenario: 'default', canary: ['catalog'], tags: { default: 'default' } },
];

describe.each(ROWS)('an upgrade of current Istio, by $scenario', ({ scenario, canary, tags }) => {
  let mesh: Mesh;
  let original: Record<string, unknown>;
  const options = { ...(canary && { canary }), finalizeSoakSeconds: 0 };

  beforeAll(async () => {
    mesh = await startMesh(`istio-${scenario}`, 'istio', { scenario });
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  const tagsNow = async (): Promise<Record<string, string>> => {
    const webhooks = await mesh.facts.list('mutatingwebhookconfigurations', '-l', 'istio.io/tag');
    const labels = webhooks.map(({ metadata }) => metadata.labels ?? {});
    const pairs = labels.map((entry): [string, string] => [entry['istio.io/tag'] ?? '', entry['istio.io/rev'] ?? '']);
    return Object.fromEntries(pairs);
  };
  const toTheLastGate = async (): Promise<string> => {
    const run = await mesh.api.start(mesh.cluster, options, TARGET);
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilGate(run, 'finalize');
    return run;
  };

  const goBack = async (run: string): Promise<void> => {
    await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
    await mesh.api.untilPhase(run, 'rolledBack');
    expect(await tagsNow()).toEqual(tags);
    expect(await mesh.facts.snapshot()).toEqual(original);
    expect(await proxies(mesh)).toEqual(new Set([OLD]));
  };

  it('goes back from the canary gate, and everything equals the snapshot', async () => {
    const run = await mesh.api.start(mesh.cluster, options, TARGET);
    await mesh.api.untilGate(run, 'canary');
    expect(await proxies(mesh)).toEqual(new Set([OLD, TARGET]));
    await goBack(run);
  });

  it('goes back from the last gate, when every tag has moved, and everything equals the snapshot', async () => {
    const run = await toTheLastGate();
    expect(await proxies(mesh)).toEqual(new Set([TARGET]));
    await goBack(run);
  });

  it('goes through to the end: no orphan, validation and injection alive, labels as their owners wrote them', async () => {
    const before = await labelsOf(mesh);
    const run = await toTheLastGate();
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter((line) => !line.ok)).toEqual([]);
    expect(await proxies(mesh)).toEqual(new Set([TARGET]));

    expect(await tagsNow()).toEqual(Object.fromEntries(Object.keys(tags).map((tag) => [tag, '1-31-0'])));
    if (scenario !== 'labels') expect(await labelsOf(mesh)).toEqual(before);

    expect(await mesh.facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await mesh.facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);
    const istiods = await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'app=istiod');
    expect(istiods.map(({ metadata }) => metadata.name)).toEqual(['istiod-1-31-0']);
    const left = await mesh.facts.list(
      'all,configmap,sa,role,rolebinding',
      '-A',
      '-l',
      `istio.io/rev in (1-30-3,default)`,
    );
    expect(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
  });

  it('can be taken back after its end', async () => {
    const latest = `/v1/upgrades/${mesh.cluster}/latest`;
    const { body } = await mesh.api.command(latest, 'rollback', { reason: 'second thoughts' });
    const state = await mesh.api.untilPhase(`/v1/upgrades/${mesh.cluster}/${String(body['runId'])}`, 'rolledBack');
    expect(state.proof.filter((line) => !line.ok)).toEqual([]);
    expect(await tagsNow()).toEqual(tags);
    expect(await proxies(mesh)).toEqual(new Set([OLD]));
  });
});

async function labelsOf(mesh: Mesh): Promise<Record<string, unknown>> {
  const namespaces = await mesh.facts.list('namespaces', '-l', 'shop=demo');
  return Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
}
