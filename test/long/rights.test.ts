import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Plan } from '../../domain/plan.js';
import { RIGHTS } from '../../domain/rights-table.js';
import { bindingsFor, questionsOf, type Question } from '../../domain/rights.js';
import type { Flavour } from '../../sandbox/sandbox.js';
import { SITUATIONS } from '../e2e/support/cluster-situations.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { askedOf, covers, type Asked } from '../support/audit.js';

const USER = 'meshlift';
const PLACEHOLDER = '<user of the kubeconfig>';

/** What is needed where there is something that these meshes have not, by what that is. */
const FOR_OTHER_MESHES: Readonly<Record<string, (question: Question) => boolean>> = {
  'workloads that are evicted, and their owners': ({ group, resource, verb }) =>
    resource === 'pods/eviction' ||
    (resource === 'pods' && verb === 'get') ||
    group === 'batch' ||
    resource === 'replicasets' ||
    resource === 'replicationcontrollers',
  'StatefulSets and DaemonSets that are read again after a failure, or once nobody else rolls them out': ({
    resource,
    verb,
  }) => ['statefulsets', 'daemonsets'].includes(resource) && verb === 'get',
  'gateways of current Istio': ({ group, resource, verb, namespace }) =>
    group === 'gateway.networking.k8s.io' ||
    (resource === 'deployments' && namespace === undefined && ['create', 'delete'].includes(verb)),
  'tags and webhooks of current Istio': ({ group, verb }) =>
    group === 'admissionregistration.k8s.io' && verb === 'watch',
  'checks of current Istio': ({ group }) => /^(telemetry|extensions)\.istio\.io$/.test(group),
  'releases of Helm': ({ resource, verb }) => resource === 'secrets' && ['create', 'update', 'delete'].includes(verb),
  'gates that run Jobs': ({ resource }) => resource === 'pods/log',
  'Argo Rollouts': ({ group }) => group === 'argoproj.io',
  'load balancers of the cloud': ({ group }) => group === 'cloud.google.com',
  'objects of the mesh that are gone, or that an installation adds': ({ verb, group, resource }) =>
    (['create', 'update', 'patch', 'delete'].includes(verb) &&
      /^(rbac\.authorization|admissionregistration|apiextensions)\.k8s\.io$|^(networking|install)\.istio\.io$/.test(
        group,
      )) ||
    (resource === 'serviceaccounts' && verb !== 'get'),
  'roles that hold more than before': ({ verb }) => verb === 'bind' || verb === 'escalate',
};

const asked: Asked[] = [];

/** The whole life of a run by an identity that has what Meshlift asks for, and nothing else. */
describe.each<Flavour>(['asm16', 'asm15'])('an identity with exactly the rights that are printed, on %s', (flavour) => {
  let mesh: Mesh;
  let original: Record<string, unknown>;

  const plan = async () => {
    const body = { cluster: mesh.cluster, release: '1.6.14-asm.2', options: {} };
    return (await mesh.api.request<Plan>('POST', '/v1/plans', body)).body;
  };
  const expectRolledBack = async (run: string) => {
    const state = await mesh.api.untilPhase(run, 'rolledBack');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await mesh.facts.snapshot()).toEqual(original);
  };

  beforeAll(async () => {
    mesh = await startMesh(`long-rights-${flavour}`, flavour, { audit: true });
    await mesh.facts.run('delete', 'clusterrolebinding', 'meshlift-upgrader');
    // Something that the analysis of the target finds: then the source's is asked as well (MESH045).
    await applyAll(
      mesh,
      SITUATIONS.filter((object) => JSON.stringify(object).includes('lost.example')),
    );
  });
  afterAll(() => mesh.stop());

  it('can plan with what infra/rbac grants to those who look, and is told what else a run needs', async () => {
    await applyAll(mesh, bindingsFor(await rolesIn('infra/rbac/reader.yaml'), USER));
    const { findings } = await plan();
    const found = findings.find(({ check }) => check === 'MESH012');
    expect(found?.severity).toBe('blocker');
    expect(findings.filter(({ severity }) => severity === 'unknown')).toEqual([]);
    const printed = (found?.command ?? '').replaceAll(PLACEHOLDER, USER);
    await applyAll(
      mesh,
      parseAllDocuments(printed).map((document) => document.toJS() as object),
    );
    original = await mesh.facts.snapshot();
    const granted = (await plan()).findings;
    expect(granted.filter(({ severity }) => severity === 'blocker' || severity === 'unknown')).toEqual([]);
  });

  it('can go as far as the canary gate, and back', async () => {
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'] });
    await mesh.api.untilGate(run, 'canary');
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await expectRolledBack(run);
  });

  it('can finalise, and take that back', async () => {
    const run = await mesh.api.start(mesh.cluster, { canary: ['catalog'], finalizeSoakSeconds: 1 });
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilGate(run, 'finalize');
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    const answer = await mesh.api.command(run, 'rollback', { reason: 'too slow' });
    expect(answer.status).toBe(202);
    const back = answer.headers.get('location') ?? '';
    expect(back).toMatch(/^\/v1\/upgrades\//);
    await expectRolledBack(back);
  });

  it('was never refused anything', async () => {
    const now = await askedOf(mesh.sandbox);
    asked.push(...now);
    expect(now.filter(({ allowed }) => !allowed)).toEqual([]);
  });
});

it('no right is asked for that none of these runs used', () => {
  const unused = questionsOf(RIGHTS).filter((question) => !asked.some((one) => covers(question, one)));
  const without = unused.filter((question) => !Object.values(FOR_OTHER_MESHES).some((isOne) => isOne(question)));
  expect(without).toEqual([]);
});

async function rolesIn(file: string): Promise<object[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8')).map((document) => document.toJS() as object);
  return documents.filter((document) => (document as { kind: string }).kind === 'ClusterRole');
}

async function applyAll(mesh: Mesh, items: readonly object[]): Promise<void> {
  const answer = await mesh.facts.apply({ apiVersion: 'v1', kind: 'List', items });
  if (/error|forbidden/i.test(answer)) throw new Error(answer);
}
