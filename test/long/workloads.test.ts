import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../domain/journal.js';
import type { RunState } from '../../domain/run.js';
import { directActivities, failureOf, type DirectActivities } from '../e2e/support/direct-activities.js';
import { eventually } from '../e2e/support/eventually.js';
import { proxyTag, type KubeObject } from '../e2e/support/mesh-facts.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { CRDS, isReady, namespace, ownedOnes, playArgo, workload, ZOO } from '../e2e/support/zoo.js';
import { closeShop, generationsOf, listOf, nameOf, NEW, OLD, startWaived } from './support/shared.js';

/** Every row of the table in domain/workload-actions.ts, on the real API server with the real controllers. */

const ROUTE = {
  from: { version: OLD, revision: 'default', sidecar: { revision: 'default', proxyTag: OLD } },
  to: { version: NEW, revision: 'asm-1614-2', sidecar: { revision: 'asm-1614-2', proxyTag: NEW } },
};
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
    const gone = await closeShop(mesh);
    await mesh.facts.apply(listOf(CRDS));
    await mesh.facts.run('wait', '--for=condition=Established', 'crd', ...CRDS.map(nameOf));
    await openZoo();
    await gone();
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
    await mesh.facts.apply(listOf([...ZOO, ...blocked]));
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
    return { pods, generations: await generationsOf(mesh, kinds) };
  }
  const podsOf = (pods: readonly KubeObject[], app: string) =>
    pods.filter(({ metadata }) => metadata.labels?.['app'] === app && metadata.deletionTimestamp === undefined);
  const grownBy = async (name: string) => ((await look()).generations[name] ?? 0) - (before.generations[name] ?? 0);

  describe('in a run', () => {
    let blocked: RunState;
    let operations: Operation[];
    let after: Awaited<ReturnType<typeof look>>;
    const grown = (name: string) => (after.generations[name] ?? 0) - (before.generations[name] ?? 0);

    it('stops the wave where pods cannot be created, and names quota and workload', async () => {
      const options = {
        canary: ['zoo', ...BLOCKED],
        parallelWorkloads: 20,
        workloadTimeoutSeconds: 60,
        // Both may fail, and everything else begins all the same.
        policy: { onFailure: { maxFailedWorkloads: BLOCKED.length } },
      };
      run = await startWaived(mesh, options);
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

  describe('before the old control plane may go', () => {
    const confirm = (options: { waiveUnmanaged?: boolean; timeoutSeconds?: number } = {}) =>
      direct.confirmMoved({ route: ROUTE, pauseSeconds: 1, waiveUnmanaged: false, timeoutSeconds: 5, ...options });

    it('is moved, or holds it', async () => {
      expect(await failureOf(confirm())).toMatch(/^OldRevisionInUse: .*pod hopeless\/web-\S+ \(Deployment web\)/);
      // The namespace stays: a rollback brings its labels back.
      await mesh.facts.run('delete', 'deployment', 'web', '-n', 'hopeless');
      await eventually(
        'its pod to be gone',
        async () => (await mesh.facts.list('pods', '-n', 'hopeless')).length === 0,
      );
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

/** Which of these pods were evicted, in order. */
function evicted(operations: readonly Operation[], pods: readonly KubeObject[]): string[] {
  const uids = new Map(pods.map(({ metadata }) => [metadata.uid, metadata.name]));
  return operations.flatMap(({ id }) => {
    const [verb, , , rest = ''] = id.split('/');
    return verb === 'evict' ? (uids.get(rest.split('#')[0] ?? '') ?? []) : [];
  });
}
