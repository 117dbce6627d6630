import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { isBlocking } from '../../domain/checks/verdicts.js';
import type { Plan } from '../../domain/plan.js';
import { bindingsFor } from '../../domain/rights.js';
import type { Scenario } from '../../sandbox/sandbox.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { askedOf, type Asked } from '../support/audit.js';

const TARGET = '1.31.0';
const USER = 'meshlift';
const PLACEHOLDER = '<user of the kubeconfig>';

interface Row {
  readonly scenario: Scenario;
  /** Gates before the last one. */
  readonly gates: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
}

const WAIVERS = [{ check: 'MESH059', reason: 'it is what this row is about' }];
/** Current Istio in the ways that need rights of their own. */
const ROWS: readonly Row[] = [
  { scenario: 'tags', gates: ['canary'] },
  { scenario: 'default-gateways', gates: ['canary', 'rest'] },
  { scenario: 'ambient', gates: ['canary', 'rest'], options: { profile: 'ambient' } },
  { scenario: 'helm-ambient', gates: ['canary', 'rest'] },
  { scenario: 'default-gateways', gates: ['canary', 'rest'], options: { inPlace: true, waivers: WAIVERS } },
];

/** What `istioctl install` asks for and goes on without, by what it would have warned of (`operator/` of Istio). */
const DONE_WITHOUT: Readonly<Record<string, (one: Asked) => boolean>> = {
  'versions of the control planes that run': ({ resource }) => resource === 'pods/portforward',
  'settings of Cilium': ({ resource, namespace }) => resource === 'configmaps' && namespace === 'kube-system',
  'settings of Calico': ({ group }) => group === 'projectcalico.org',
};

/** The whole life of a run of current Istio by an identity that has what Meshlift asks for, and nothing else. */
describe.each(ROWS)('an identity with exactly the rights that are printed, $scenario $options', (row) => {
  let mesh: Mesh;
  let original: Record<string, unknown>;
  const options = { canary: ['catalog'], finalizeSoakSeconds: 0, ...row.options };
  const plan = async () => {
    const body = { cluster: mesh.cluster, release: TARGET, options };
    return (await mesh.api.request<Plan>('POST', '/v1/plans', body)).body;
  };
  const applyAll = async (items: readonly object[]) => {
    const answer = await mesh.facts.apply({ apiVersion: 'v1', kind: 'List', items });
    if (/error|forbidden/i.test(answer)) throw new Error(answer);
  };

  beforeAll(async () => {
    const name = `rights-${row.scenario}${row.options?.['inPlace'] === true ? '-in-place' : ''}`;
    mesh = await startMesh(name.slice(0, 30), 'istio', { audit: true, scenario: row.scenario });
    await mesh.facts.run('delete', 'clusterrolebinding', 'meshlift-upgrader');
  });
  afterAll(() => mesh.stop());

  it('is told what a run needs beyond what infra/rbac grants to those who look', async () => {
    const documents = parseAllDocuments(await readFile('infra/rbac/reader.yaml', 'utf8'));
    const roles = documents.map((document) => document.toJS() as { kind: string });
    await applyAll(
      bindingsFor(
        roles.filter(({ kind }) => kind === 'ClusterRole'),
        USER,
      ),
    );
    const found = (await plan()).findings.find(({ check }) => check === 'MESH012');
    expect(found?.severity).toBe('blocker');
    const printed = parseAllDocuments((found?.command ?? '').replaceAll(PLACEHOLDER, USER));
    await applyAll(printed.map((document) => document.toJS() as object));
    original = await mesh.facts.snapshot();
    const granted = (await plan()).findings;
    expect(granted.filter(isBlocking)).toEqual([]);
  });

  it('can finalise, and take that back', async () => {
    const run = await mesh.api.start(mesh.cluster, options, TARGET);
    for (const gate of [...row.gates, 'finalize']) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    const answer = await mesh.api.command(run, 'rollback', { reason: 'too slow' });
    const back = await mesh.api.untilPhase(answer.headers.get('location') ?? '', 'rolledBack');
    expect(back.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await mesh.facts.snapshot()).toEqual(original);
  });

  it('was refused nothing but what istioctl does without', async () => {
    const refused = (await askedOf(mesh.sandbox)).filter(({ allowed }) => !allowed);
    expect(refused.filter((one) => !Object.values(DONE_WITHOUT).some((isOne) => isOne(one)))).toEqual([]);
  });
});
