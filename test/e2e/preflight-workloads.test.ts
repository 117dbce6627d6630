import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKLOAD_CHECKS } from '../../domain/checks/workload-checks.js';
import type { Finding, Plan } from '../../domain/plan.js';
import { eventually } from './support/eventually.js';
import { startMesh, type Mesh } from './support/mesh.js';
import { SITUATION_NAMESPACES, SITUATIONS } from './support/situations.js';

const EXPECTED = SITUATIONS.flatMap(({ title, expected }) =>
  expected.map(([check, severity, names]) => ({ title, check, severity, names })),
);
const PAUSED = { kind: 'Deployment', metadata: { namespace: 'catalog', name: 'search' } };

/** The checks of namespaces and workloads against the real thing: each situation is made, read, and gone again. */
describe('the preflight of what will be moved', () => {
  let mesh: Mesh;
  let plan: Plan;

  beforeAll(async () => {
    mesh = await startMesh('e2e-checks');
  });
  afterAll(async () => mesh.stop());

  const ask = async (options: object = {}) => {
    const body = { cluster: mesh.cluster, release: '1.6.14-asm.2', options };
    const answer = await mesh.api.request<Plan>('POST', '/v1/plans', body);
    if (answer.status !== 200) throw new Error(`the plan answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const apply = (items: readonly object[]) => mesh.facts.apply({ apiVersion: 'v1', kind: 'List', items });
  const found = ({ check, severity, names }: (typeof EXPECTED)[number]) =>
    plan.findings.some(
      (finding) => finding.check === check && finding.severity === severity && finding.message.includes(names),
    );
  const ofSituations = ({ message }: Finding) => SITUATION_NAMESPACES.some((name) => message.includes(name));

  it('finds nothing in the demo shop that a person must care about', async () => {
    plan = await ask();
    expect(plan.findings.filter(({ severity }) => severity === 'blocker' || severity === 'unknown')).toEqual([]);
    const mine = plan.findings.filter(({ check }) => check in WORKLOAD_CHECKS);
    expect(mine.map(({ check, message }) => [check, message])).toEqual([
      ['MESH076', 'These CronJobs get the new sidecar with their next run: orders/month-end.'],
    ]);
  });

  it('has every situation made', async () => {
    await apply(SITUATIONS.flatMap(({ objects }) => objects));
    await mesh.facts.run('-n', 'p-rolling', 'rollout', 'status', 'deployment/moving', '--timeout=60s');
    await mesh.facts.run('-n', 'p-range', 'rollout', 'status', 'deployment/web', '--timeout=60s');
    await mesh.facts.run('-n', 'p-quota-cpu', 'rollout', 'status', 'deployment/slack', '--timeout=60s');
    await mesh.facts.run('-n', 'p-quota', 'rollout', 'status', 'deployment/full', '--timeout=60s');
    await apply(SITUATIONS.flatMap(({ later = [] }) => later));
    // Controllers take their time to write statuses; what never comes fails below, by its name.
    await eventually('the findings of all situations', async () => {
      plan = await ask({ exclude: ['accounts'] });
      return EXPECTED.every(found);
    }).catch(() => undefined);
  });

  it.each(EXPECTED)('$title: $check is a $severity that names $names', ({ check, ...expected }) => {
    const findings = plan.findings.filter((finding) => finding.check === check);
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: expected.severity,
        message: expect.stringContaining(expected.names) as string,
      }),
    );
    for (const { remedy } of findings) expect(remedy).not.toBe('');
  });

  it.each([
    ['Deployment p-room/tight (RollingUpdate)', 'is restarted'],
    ['Deployment p-rolling/recreated (Recreate)', 'is restarted'],
    ['StatefulSet p-rolling/held (partition)', 'is evicted pod by pod'],
    ['DaemonSet p-rolling/manual (OnDelete)', 'is evicted pod by pod'],
    ['StatefulSet p-owners/db (managed)', 'is evicted pod by pod'],
    ['ReplicaSet p-alone/lonely', 'is evicted pod by pod'],
    ['Rollout p-owners/web', 'is restarted by its own controller'],
    ['CloneSet p-owners/clone', 'needs a person'],
    ['Job p-alone/import', 'is left to finish'],
    ['CronJob p-alone/nightly', 'is left to finish'],
    ['Pod p-alone/bare', 'needs a person'],
  ])('says of %s that it %s', (workload, what) => {
    const sentences = plan.workloads?.map(({ sentence }) => sentence) ?? [];
    expect(sentences.filter((sentence) => sentence.startsWith(`${workload} `))).toEqual([
      expect.stringContaining(`${workload} ${what}: `),
    ]);
  });

  it('gives every check its verdict', () => {
    const verdicts = new Map<string, string>(plan.checks?.map(({ check, verdict }) => [check, verdict]));
    for (const id of Object.keys(WORKLOAD_CHECKS)) expect([id, verdicts.get(id)]).not.toContain('pass');
    expect([...verdicts.values()]).not.toContain('unknown');
  });

  it('rejects a run with these blockers before anything changes', async () => {
    const before = [await mesh.facts.snapshot(), await mesh.facts.generations()];
    const run = await mesh.api.start(mesh.cluster);
    const state = await mesh.api.untilPhase(run, 'rejected');
    expect(state.changed).toBe(false);
    expect(new Set(state.findings.filter(({ severity }) => severity === 'blocker').map(({ check }) => check))).toEqual(
      new Set(EXPECTED.filter(({ severity }) => severity === 'blocker').map(({ check }) => check)),
    );
    // All that it did is to take the cluster, and to give it back.
    const operations = (await mesh.api.operations(run)).map(({ id }) => id.split('#')[0]);
    expect(operations).toEqual(['hold-cluster', 'release-cluster']);
    expect([await mesh.facts.snapshot(), await mesh.facts.generations()]).toEqual(before);
  });

  it('finds nothing of them any more when they are gone', async () => {
    await mesh.facts.run('delete', 'namespace', '-l', 'situation=preflight', '--wait=false');
    await eventually('the end of all situations', async () => {
      plan = await ask();
      return !plan.findings.some(ofSituations);
    });
    expect(plan.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  });

  it('lets a run go on over a blocker that is waived, and keeps who took the risk, and why', async () => {
    const { namespace, name } = PAUSED.metadata;
    await mesh.facts.run('-n', namespace, 'rollout', 'pause', `deployment/${name}`);
    const blocked = await mesh.api.untilPhase(await mesh.api.start(mesh.cluster), 'rejected');
    expect(blocked.findings).toContainEqual(
      expect.objectContaining({
        check: 'MESH020',
        message: `Deployment ${namespace}/${name} is paused: it would keep its old sidecar.`,
      }),
    );
    const waivers = [{ check: 'MESH020', reason: 'resumed before its wave' }];
    const run = await mesh.api.start(mesh.cluster, { waivers });
    const state = await mesh.api.until(run, ({ changed }) => changed);
    expect(state.findings).toContainEqual(
      expect.objectContaining({ check: 'MESH020', severity: 'blocker', waived: 'resumed before its wave' }),
    );
    expect(
      (await mesh.api.events(run, { count: 25 })).map(({ body }) => ('message' in body ? body.message : '')),
    ).toContain('MESH020 waived by api: resumed before its wave');
  });
});
