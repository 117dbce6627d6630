import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../domain/journal.js';
import { isBlocking } from '../../domain/checks/verdicts.js';
import type { Plan } from '../../domain/plan.js';
import type { RunState } from '../../domain/run.js';
import { MOVABLE_KINDS, type WorkloadKind, type WorkloadRef } from '../../domain/workload.js';
import { directActivities, failureOf, type DirectActivities } from '../e2e/support/direct-activities.js';
import { eventually } from '../e2e/support/eventually.js';
import { proxyTag, type KubeObject } from '../e2e/support/mesh-facts.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import {
  AILING,
  CRDS,
  isReady,
  makeHealthy,
  namespace,
  ownedOnes,
  playArgo,
  workload,
  ZOO,
} from '../e2e/support/zoo.js';

/** Every row of the table in domain/workload-actions.ts, on the real API server with the real controllers. */

const OLD = '1.6.13';
const NEW = '1.6.14-asm.2';
const ROUTE = {
  from: { version: OLD, revision: 'default', sidecar: { revision: 'default', proxyTag: OLD } },
  to: { version: NEW, revision: 'asm-1614-2', sidecar: { revision: 'asm-1614-2', proxyTag: NEW } },
};
const SHOP = ['catalog', 'cart', 'checkout', 'orders', 'payments', 'accounts', 'edge'];
const AILING_NAMESPACES = AILING.map(placeOf);
/** Their quota leaves no room for a second pod, so a rolling update cannot begin. */
const BLOCKED = ['flaky', 'hopeless'];

describe('every kind of workload', () => {
  let mesh: Mesh;
  let run: string;
  let direct: DirectActivities;
  let before: Awaited<ReturnType<typeof look>>;
  const argo = new AbortController();
  let playing: Promise<void>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-workloads');
    direct = await directActivities(mesh, () => run.split('/').at(-1) ?? '');
    await mesh.facts.run('delete', 'namespace', '--wait=false', ...SHOP);
    await mesh.facts.apply(listOf(CRDS));
    await mesh.facts.run('wait', '--for=condition=Established', 'crd', ...CRDS.map(nameOf));
    await openZoo();
    await Promise.all(AILING_NAMESPACES.map((place) => makeHealthy(mesh, place)));
    await eventually('the shop to be gone', async () => {
      const names = (await mesh.facts.list('namespaces')).map(({ metadata }) => metadata.name);
      return !SHOP.some((name) => names.includes(name));
    });
    before = await look();
    playing = playArgo(mesh, argo.signal);
  });
  afterAll(async () => {
    argo.abort();
    await playing;
    await mesh.stop();
  });

  async function openZoo(): Promise<void> {
    const blocked = BLOCKED.flatMap((name) => [namespace(name), workload('Deployment', `${name}/web`)]);
    await mesh.facts.apply(listOf([...ZOO, ...blocked, ...AILING_NAMESPACES.map(namespace)]));
    await mesh.facts.apply(listOf(AILING));
    const uid = async (what: string) => mesh.facts.run('get', what, '-n', 'zoo', '-o', 'jsonpath={.metadata.uid}');
    await mesh.facts.apply(
      listOf(ownedOnes({ rollout: await uid('rollout/argo'), keeper: await uid('keeper/keeper') })),
    );
    await mesh.facts.run('create', 'job', 'nightly-1', '--from=cronjob/nightly', '-n', 'zoo');
    for (const place of ['zoo', ...BLOCKED]) {
      await eventually(`the pods of ${place}`, async () => {
        const pods = await mesh.facts.list('pods', '-n', place);
        return pods.length >= (place === 'zoo' ? 24 : 1) && pods.every(isReady);
      });
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full', namespace: place } };
      if (place !== 'zoo') await mesh.facts.apply({ ...quota, spec: { hard: { pods: '1' } } });
    }
  }

  /** Pods of `zoo` by their `app`, and the generation of everything that can be moved. */
  async function look() {
    const pods = await mesh.facts.list('pods', '-n', 'zoo');
    const kinds = 'deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,rollouts.argoproj.io';
    const objects = await mesh.facts.list(kinds, '-A');
    // The ReplicaSets of Deployments are scaled by their controller.
    const own = objects.filter(({ metadata }) => metadata.labels?.['pod-template-hash'] === undefined);
    const generations = own.map(({ kind, metadata }) => [
      `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      metadata.generation ?? 0,
    ]);
    return { pods, generations: Object.fromEntries(generations) as Record<string, number> };
  }
  const podsOf = (pods: readonly KubeObject[], app: string) =>
    pods.filter(({ metadata }) => metadata.labels?.['app'] === app && metadata.deletionTimestamp === undefined);
  const grownBy = async (name: string) => ((await look()).generations[name] ?? 0) - (before.generations[name] ?? 0);
  /** The preflight sees most of it coming; here it must happen all the same. */
  async function waiversFor(options: object) {
    const request = { cluster: mesh.cluster, release: '1.6.14-asm.2', options };
    const { body } = await mesh.api.request<Plan>('POST', '/v1/plans', request);
    const checks = new Set(body.findings.filter(isBlocking).map(({ check }) => check));
    return [...checks].map((check) => ({ check, reason: 'what a run does then is the question' }));
  }
  const relabel = (place: string, revision: string) =>
    mesh.facts.run('label', 'namespace', place, 'istio-injection-', `istio.io/rev=${revision}`, '--overwrite');

  describe('in a run', () => {
    let blocked: RunState;
    let operations: Operation[];
    let after: Awaited<ReturnType<typeof look>>;
    const grown = (name: string) => (after.generations[name] ?? 0) - (before.generations[name] ?? 0);

    it('stops the wave where pods cannot be created, and names quota and workload', async () => {
      const options = {
        canary: ['zoo', ...BLOCKED],
        exclude: AILING_NAMESPACES,
        parallelNamespaces: 3,
        parallelWorkloads: 20,
        workloadTimeoutSeconds: 60,
      };
      run = await mesh.api.start(mesh.cluster, { ...options, waivers: await waiversFor(options) });
      blocked = await mesh.api.until(run, ({ phase }) => phase.name === 'blocked');
      operations = await mesh.api.operations(run);
      after = await look();
      expect(blocked.phase).toMatchObject({
        during: { name: 'migrating' },
        obstacle: {
          reason: 'FailedCreateQuota',
          message: expect.stringMatching(
            /Deployment (flaky|hopeless)\/web of cluster .*exceeded quota: full/,
          ) as string,
        },
      });
    });

    it('still moves the other namespaces of the wave', () => {
      const statuses = Object.fromEntries(blocked.namespaces.map((row) => [row.namespace, row.status]));
      expect(statuses).toEqual({ zoo: 'moved', flaky: 'failed', hopeless: 'failed' });
    });

    it.each([
      ['Deployment', 'rolling'],
      ['Deployment', 'recreate'],
      ['StatefulSet', 'ordered'],
      ['DaemonSet', 'nodes'],
    ])('restarts %s %s once, by its template', (kind, app) => {
      expect(new Set(podsOf(after.pods, app).map(proxyTag))).toEqual(new Set([NEW]));
      expect(grown(`${kind} zoo/${app}`)).toBe(1);
      expect(evicted(operations, podsOf(before.pods, app))).toEqual([]);
    });

    it.each([
      ['StatefulSet', 'ondelete'],
      ['StatefulSet', 'partition'],
      ['DaemonSet', 'nodes-ondelete'],
      ['ReplicaSet', 'bare-set'],
      ['ReplicationController', 'controller'],
      ['Deployment', 'managed'],
    ])('evicts each pod of %s %s once, and leaves its template alone', (kind, app) => {
      const old = podsOf(before.pods, app);
      expect(podsOf(after.pods, app).map(proxyTag)).toEqual(old.map(() => NEW));
      expect(grown(`${kind} zoo/${app}`)).toBe(0);
      expect(evicted(operations, old).sort()).toEqual(old.map(({ metadata }) => metadata.name).sort());
    });

    it.each(['ondelete', 'partition'])(
      'evicts the pods of StatefulSet %s one at a time, highest ordinal first',
      (app) => {
        expect(evicted(operations, podsOf(before.pods, app))).toEqual([`${app}-2`, `${app}-1`, `${app}-0`]);
        const created = podsOf(after.pods, app).map(({ metadata }) => [metadata.creationTimestamp, metadata.name]);
        const starts = operations.filter(({ argv }) => argv.some((part) => part.includes(`/pods/${app}-`)));
        // Each eviction begins only after the pod before it has come back.
        for (const [index, { startedAt }] of starts.slice(1).entries()) {
          const previous = created.find(([, name]) => name === `${app}-${2 - index}`);
          // The API server tells the creation in whole seconds.
          expect(Date.parse(startedAt) + 1_000).toBeGreaterThan(Date.parse(previous?.[0] ?? ''));
        }
      },
    );

    it('lets Argo Rollouts replace its pods itself, asked once', () => {
      expect(podsOf(after.pods, 'argo').map(proxyTag)).toEqual([NEW, NEW]);
      expect(grown('Rollout zoo/argo')).toBe(1);
      expect(grown('ReplicaSet zoo/argo-5f6d')).toBe(0);
      expect(evicted(operations, podsOf(before.pods, 'argo'))).toEqual([]);
    });

    it.each(['long', 'nightly-1'])('lets Job %s finish', (name) => {
      stays('job-name', name);
    });

    it('gives the next run of a CronJob the new sidecar', async () => {
      await mesh.facts.run('create', 'job', 'nightly-2', '--from=cronjob/nightly', '-n', 'zoo');
      await eventually('a pod of the next run', async () => {
        const pods = await mesh.facts.list('pods', '-n', 'zoo', '-l', 'job-name=nightly-2');
        return pods.length === 1 && pods.every((pod) => proxyTag(pod) === NEW);
      });
    });

    it.each(['bare', 'kept'])('does not touch pod %s, which nothing brings back for sure', (name) => {
      const uid = (pods: readonly KubeObject[]) => pods.find(({ metadata }) => metadata.name === name)?.metadata.uid;
      expect(uid(after.pods)).toBe(uid(before.pods));
    });

    it('writes down each operation with its outcome', () => {
      const unfinished = operations.filter(({ mutating, outcome }) => mutating && outcome === null);
      expect(unfinished).toEqual([]);
      const outcomes = operations
        .filter(({ argv }) => argv.some((part) => part.endsWith('/eviction')))
        .map(({ outcome }) => outcome);
      expect(new Set(outcomes)).toEqual(new Set(['succeeded']));
    });

    it('goes on after `skip` and `retry`, and restarts nothing twice', async () => {
      const held = (await look()).generations;
      await mesh.facts.run('delete', 'resourcequota', 'full', '-n', 'flaky');
      expect((await mesh.api.command(run, 'skip', { namespace: 'hopeless', reason: 'later' })).status).toBe(200);
      expect((await mesh.api.command(run, 'retry')).status).toBe(200);
      const state = await mesh.api.untilGate(run, 'finalize');
      expect(state.namespaces.map(({ namespace: name, status }) => [name, status])).toEqual([
        ['zoo', 'moved'],
        ['flaky', 'moved'],
        ['hopeless', 'skipped'],
      ]);
      expect((await look()).generations).toEqual(held);
      expect(await grownBy('Deployment flaky/web')).toBe(1);
    });

    function stays(label: string, value: string): void {
      const of = (pods: readonly KubeObject[]) => pods.filter(({ metadata }) => metadata.labels?.[label] === value);
      const uids = (pods: readonly KubeObject[]) => of(pods).map(({ metadata }) => metadata.uid);
      expect(uids(after.pods)).toEqual(uids(before.pods));
      expect(of(after.pods).map(proxyTag)).toEqual([OLD]);
    }
  });

  describe('whose new pods do not come up', () => {
    beforeAll(async () => {
      const asThey = ['f-missing', 'f-wrong'];
      await Promise.all(
        AILING_NAMESPACES.filter((name) => !asThey.includes(name)).map((name) => relabel(name, 'asm-1614-2')),
      );
      await relabel('f-missing', 'nowhere');
    });

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
      expect(await fails('f-paused', 20)).toMatch(
        /^WorkloadPaused: Deployment f-paused\/web of cluster \S+ is paused\./,
      );
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
      expect(await fails('f-budget', 6)).toMatch(
        /^EvictionRefused: .*The disruption budget tight needs 2 healthy pods/,
      );
      expect(await uids()).toEqual(held);

      const going = direct.move(refIn('f-budget'));
      await mesh.facts.apply({ ...budget, spec: { ...spec, minAvailable: 1 } });
      expect(await going).toMatchObject({ pods: 2, restarted: true });
      const evictions = (await direct.operations()).filter(({ id }) => id.startsWith('evict/f-budget/'));
      expect(evictions.filter(({ outcome }) => outcome === 'succeeded')).toHaveLength(2);
    });

    it('pods that came back wrong are mended by `retry` without a second restart', async () => {
      expect(await grownBy('Deployment f-missing/web')).toBe(1);
      await relabel('f-missing', 'asm-1614-2');
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
      await relabel('f-wrong', 'asm-1614-2');
      expect(await direct.move(refIn('f-wrong'))).toMatchObject({ pods: 2 });
      expect((await mesh.facts.podsByProxy())['f-wrong']).toEqual({ [NEW]: 2 });
    });

    async function sabotage(place: string): Promise<void> {
      if (place === 'f-quota') await mesh.facts.apply(SABOTAGE.quota);
      if (place === 'f-limits') await mesh.facts.apply(SABOTAGE.limits);
      if (place === 'f-webhook') await mesh.facts.apply(SABOTAGE.webhook);
    }
  });

  describe('before the old control plane may go', () => {
    const confirm = (options: { waiveUnmanaged?: boolean; timeoutSeconds?: number } = {}) =>
      direct.confirmMoved({ route: ROUTE, pauseSeconds: 1, waiveUnmanaged: false, timeoutSeconds: 5, ...options });

    it('is moved, or holds it', async () => {
      expect(await failureOf(confirm())).toMatch(/^OldRevisionInUse: .*pod f-\S+ \(Deployment web\)/);
      // Namespaces stay: a rollback brings their labels back.
      await mesh.facts.run('delete', 'deployment', 'web', '-n', 'hopeless');
      for (const place of AILING_NAMESPACES) {
        await mesh.facts.run('delete', 'deployments,statefulsets,replicasets', '--all', '-n', place);
        await mesh.facts.run('label', 'namespace', place, 'istio-injection=enabled', 'istio.io/rev-', '--overwrite');
      }
      await eventually('their pods to be gone', async () => {
        const places = (await mesh.facts.list('pods', '-A')).map(({ metadata }) => metadata.namespace ?? '');
        return !places.some((place) => [...AILING_NAMESPACES, 'hopeless'].includes(place));
      });
    });

    it('holds it where a person must replace pods, unless he waives them', async () => {
      const failure = await failureOf(confirm());
      expect(failure).toMatch(/^PodsUnmanaged: .*pod zoo\/bare \(bare\), pod zoo\/kept \(Keeper keeper\)/);
    });

    it('holds it while Jobs run, and no longer', async () => {
      expect(await failureOf(confirm({ waiveUnmanaged: true }))).toMatch(
        /^JobsUnfinished: .*pod zoo\/long-\S+ \(Job long\), pod zoo\/nightly-1-\S+ \((Job nightly-1|CronJob nightly)\)/,
      );
      const confirmed = confirm({ waiveUnmanaged: true, timeoutSeconds: 60 });
      await mesh.facts.run('annotate', 'pods', '-n', 'zoo', '-l', 'job-name', 'sandbox.meshlift.dev/keeps-running-');
      expect(await confirmed).toEqual({ waived: ['zoo/bare', 'zoo/kept'] });
    });
  });

  it('goes back the way it came, evicted and restarted once more', async () => {
    const held = (await look()).generations;
    // A Job that began with the new sidecar is left to finish, and the new control plane stays for as long as it runs.
    await mesh.facts.run('delete', 'job', 'nightly-2', '-n', 'zoo', '--wait=true');
    expect((await mesh.api.command(run, 'rollback', { reason: 'rehearsal' })).status).toBe(200);
    await mesh.api.untilPhase(run, 'rolledBack');
    const { pods, generations } = await look();
    const live = pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && status?.['phase'] === 'Running');
    expect(new Set(live.map(proxyTag))).toEqual(new Set([OLD]));
    const grown = Object.entries(generations).filter(([name, value]) => name.includes(' zoo/') && value !== held[name]);
    expect(grown.map(([name, value]) => [name, value - (held[name] ?? 0)]).sort()).toEqual(
      [
        'DaemonSet zoo/nodes',
        'Deployment zoo/recreate',
        'Deployment zoo/rolling',
        'Rollout zoo/argo',
        'StatefulSet zoo/ordered',
      ].map((name) => [name, 1]),
    );
  });
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

function listOf(items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', items };
}

function nameOf(manifest: object): string {
  return (manifest as { metadata: { name: string } }).metadata.name;
}

function placeOf(manifest: object): string {
  return (manifest as { metadata: { namespace: string } }).metadata.namespace;
}

/** The one workload of a namespace in `AILING`. */
function refIn(place: string): WorkloadRef {
  const manifest = AILING.find((candidate) => placeOf(candidate) === place) ?? {};
  const kind = MOVABLE_KINDS.find(
    (candidate): candidate is WorkloadKind => candidate === (manifest as { kind?: string }).kind,
  );
  if (kind === undefined) throw new Error(`nothing ails in ${place}`);
  return { kind, namespace: place, name: nameOf(manifest) };
}

/** Which of these pods were evicted, in order. */
function evicted(operations: readonly Operation[], pods: readonly KubeObject[]): string[] {
  const uids = new Map(pods.map(({ metadata }) => [metadata.uid, metadata.name]));
  return operations.flatMap(({ id }) => {
    const [verb, , , rest = ''] = id.split('/');
    return verb === 'evict' ? (uids.get(rest.split('#')[0] ?? '') ?? []) : [];
  });
}
