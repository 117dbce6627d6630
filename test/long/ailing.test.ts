import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOVABLE_KINDS, type WorkloadKind, type WorkloadRef } from '../../domain/workload.js';
import { directActivities, failureOf, type DirectActivities } from '../e2e/support/direct-activities.js';
import { eventually } from '../e2e/support/eventually.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { AILING, isReady, makeHealthy, namespace, workload } from '../e2e/support/zoo.js';
import { closeShop, generationsOf, listOf, nameOf, NEW, placeOf, relabel, startWaived } from './support/shared.js';

const AILING_NAMESPACES = AILING.map(placeOf);

/** What keeps new pods from running has a reason of its own each, and is no reason to restart anything twice. */
describe('workloads whose new pods do not come up', () => {
  let mesh: Mesh;
  let run: string;
  let direct: DirectActivities;
  let before: Record<string, number>;

  beforeAll(async () => {
    mesh = await startMesh('long-ailing');
    direct = await directActivities(mesh, () => run.split('/').at(-1) ?? '');
    const gone = await closeShop(mesh);
    await mesh.facts.apply(listOf([...AILING_NAMESPACES, 'well'].map(namespace)));
    await mesh.facts.apply(listOf([...AILING, workload('Deployment', 'well/web')]));
    await Promise.all(AILING_NAMESPACES.map((place) => makeHealthy(mesh, place)));
    await eventually('the healthy one', async () => (await mesh.facts.list('pods', '-n', 'well')).every(isReady));
    await gone();
    before = await generations();
    // Whoever acts on a cluster must hold it: a run that waits at its gate does.
    run = await startWaived(mesh, { canary: ['well'], exclude: AILING_NAMESPACES });
    await mesh.api.untilGate(run, 'finalize');
    const asThey = ['f-missing', 'f-wrong'];
    await Promise.all(
      AILING_NAMESPACES.filter((name) => !asThey.includes(name)).map((name) => relabel(mesh, name, 'asm-1614-2')),
    );
    await relabel(mesh, 'f-missing', 'nowhere');
  });
  afterAll(async () => mesh.stop());

  const generations = () => generationsOf(mesh, 'deployments,statefulsets,replicasets');
  const grownBy = async (name: string) => ((await generations())[name] ?? 0) - (before[name] ?? 0);
  const fails = (place: string, timeoutSeconds: number) => failureOf(direct.move(refIn(place), { timeoutSeconds }));

  it.concurrent.each<[string, string, RegExp]>([
    ['f-crash', 'CrashLoopBackOff', /pod web-\S+: container app: CrashLoopBackOff/],
    ['f-deadline', 'ProgressDeadlineExceeded', /its rollout does not progress: pod web-\S+: not Ready yet/],
    ['f-missing', 'SidecarMissing', /pod web-\S+ came back without a sidecar/],
    ['f-wrong', 'SidecarWrong', /pod set-\S+ came back with proxy 1\.6\.13, not 1\.6\.14-asm\.2/],
  ])('%s is known as %s long before its time is up', async (place, reason, sentence) => {
    const failure = await fails(place, 600);
    expect(failure).toMatch(new RegExp(`^${reason}: `));
    expect(failure).toMatch(sentence);
  });

  it.concurrent.each<[string, string, RegExp]>([
    ['f-image', 'ImagePullBackOff', /pod web-\S+: container app: ImagePullBackOff/],
    ['f-quota', 'FailedCreateQuota', /StatefulSet f-quota\/db of cluster .*exceeded quota: full/],
    ['f-webhook', 'FailedCreateWebhook', /failed calling webhook "nobody\.zoo\.example"/],
    ['f-limits', 'FailedCreate', /maximum cpu usage per Container is 1/],
  ])('%s is known as %s when it lasts', async (place, reason, sentence) => {
    await sabotage(place);
    const failure = await fails(place, 40);
    expect(failure).toMatch(new RegExp(`^${reason}: `));
    expect(failure).toMatch(sentence);
    expect(failure).not.toContain('took longer');
  });

  it.concurrent('f-node is known as Unschedulable when the time is up: a node might have come', async () => {
    expect(await fails('f-node', 10)).toMatch(
      /^Unschedulable: .*took longer than 10 s; pod web-\S+: not scheduled: 0\/1 nodes/,
    );
  });

  it.concurrent('a paused Deployment is not resumed', async () => {
    await mesh.facts.run('rollout', 'pause', 'deployment/web', '-n', 'f-paused');
    expect(await fails('f-paused', 20)).toMatch(/^WorkloadPaused: Deployment f-paused\/web of cluster \S+ is paused\./);
    expect(await grownBy('Deployment f-paused/web')).toBe(1);
  });

  it.concurrent('a rollout of somebody else is waited for, and nothing is stacked upon it', async () => {
    const annotations = JSON.stringify({ spec: { template: { metadata: { annotations: NEVER } } } });
    await mesh.facts.run('patch', 'deployment', 'web', '-n', 'f-busy', '-p', annotations);
    expect(await fails('f-busy', 4)).toMatch(/^RolloutUnfinished: Deployment f-busy\/web .* after 4 s/);
    expect(await grownBy('Deployment f-busy/web')).toBe(1);

    const going = direct.move(refIn('f-busy'));
    await eventually('the wait to be told', async () => {
      const told = await direct.told(refIn('f-busy'));
      return told.some(
        ({ status, detail }) => status === 'waiting' && detail?.startsWith('waits for its owner') === true,
      );
    });
    expect(await grownBy('Deployment f-busy/web')).toBe(1);
    const healthy = JSON.stringify({ spec: { template: { metadata: { annotations: STOP } } } });
    await mesh.facts.run('patch', 'deployment', 'web', '-n', 'f-busy', '-p', healthy);
    expect(await going).toMatchObject({ pods: 2 });
    // Two by its owner; ours only if the owner's own pods had not brought the new sidecar already.
    expect(await grownBy('Deployment f-busy/web')).toBeLessThanOrEqual(3);
  });

  it.concurrent('a change that waits for deletions is not brought in by the way', async () => {
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations: STOP } } } });
    await mesh.facts.run('patch', 'statefulset', 'db', '-n', 'f-pending', '-p', patch);
    await eventually('the controller to see it', async () => {
      const [set] = await mesh.facts.list('statefulsets', '-n', 'f-pending');
      return set?.status?.['observedGeneration'] === set?.metadata.generation;
    });
    expect(await fails('f-pending', 600)).toMatch(/^RolloutUnfinished: .*2 of its pods are of an older template/);
  });

  it.concurrent('a disruption budget is asked, waited for, and named', async () => {
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'set' } } };
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'tight', namespace: 'f-budget' },
    };
    await mesh.facts.apply({ ...budget, spec });
    const uids = async () =>
      (await mesh.facts.list('pods', '-n', 'f-budget')).map(({ metadata }) => metadata.uid).sort();
    const held = await uids();
    expect(await fails('f-budget', 6)).toMatch(/^EvictionRefused: .*The disruption budget tight needs 2 healthy pods/);
    expect(await uids()).toEqual(held);

    const going = direct.move(refIn('f-budget'));
    await mesh.facts.apply({ ...budget, spec: { ...spec, minAvailable: 1 } });
    expect(await going).toMatchObject({ pods: 2, restarted: true });
    const evictions = (await direct.operations()).filter(({ id }) => id.startsWith('evict/f-budget/'));
    expect(evictions.filter(({ outcome }) => outcome === 'succeeded')).toHaveLength(2);
  });

  it('pods that came back wrong are mended by `retry` without a second restart', async () => {
    expect(await grownBy('Deployment f-missing/web')).toBe(1);
    await relabel(mesh, 'f-missing', 'asm-1614-2');
    // A try after a crash does not do it: only a person's word does.
    expect(await failureOf(direct.move(refIn('f-missing'), { attempt: 2 }))).toMatch(/^SidecarMissing: /);
    expect(await direct.move(refIn('f-missing'))).toMatchObject({ pods: 2 });
    expect(await grownBy('Deployment f-missing/web')).toBe(1);
    expect((await mesh.facts.podsByProxy())['f-missing']).toEqual({ [NEW]: 2 });
  });

  it('one that came back wrong after an eviction is not evicted again by a try after a crash', async () => {
    const evictions = async () =>
      (await direct.operations()).filter(({ id }) => id.startsWith('evict/f-wrong/')).length;
    expect(await evictions()).toBe(1);
    expect(await failureOf(direct.move(refIn('f-wrong'), { attempt: 2 }))).toMatch(/^SidecarWrong: /);
    expect(await evictions()).toBe(1);
    await relabel(mesh, 'f-wrong', 'asm-1614-2');
    expect(await direct.move(refIn('f-wrong'))).toMatchObject({ pods: 2 });
    expect((await mesh.facts.podsByProxy())['f-wrong']).toEqual({ [NEW]: 2 });
  });

  async function sabotage(place: string): Promise<void> {
    if (place === 'f-quota') await mesh.facts.apply(SABOTAGE.quota);
    if (place === 'f-limits') await mesh.facts.apply(SABOTAGE.limits);
    if (place === 'f-webhook') await mesh.facts.apply(SABOTAGE.webhook);
  }
});

const NEVER = { 'sandbox.meshlift.dev/never-ready': 'true' };
const STOP = { 'sandbox.meshlift.dev/never-ready': null, changed: 'by its owner' };

const SABOTAGE = {
  quota: {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full', namespace: 'f-quota' },
    spec: { hard: { pods: '1' } },
  },
  limits: {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'small', namespace: 'f-limits' },
    spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] },
  },
  webhook: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'nobody' },
    webhooks: [
      {
        name: 'nobody.zoo.example',
        clientConfig: { service: { name: 'nobody', namespace: 'default' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'f-webhook' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  },
};

/** The one workload of a namespace in `AILING`. */
function refIn(place: string): WorkloadRef {
  const manifest = AILING.find((candidate) => placeOf(candidate) === place) ?? {};
  const kind = MOVABLE_KINDS.find(
    (candidate): candidate is WorkloadKind => candidate === (manifest as { kind?: string }).kind,
  );
  if (kind === undefined) throw new Error(`nothing ails in ${place}`);
  return { kind, namespace: place, name: nameOf(manifest) };
}
