import { NEVER_READY, READY_DELAY } from '../../../sandbox/cluster/kubelet-stages.js';
import type { Finding } from '../../../domain/plan.js';
import { namespace, object, template, workload, type Manifest } from './manifests.js';

/** One finding that a situation must bring: the check, how bad, and what its sentence must name. */
type Expected = readonly [check: string, severity: Finding['severity'], names: string];

/** Objects in namespaces of their own, and what the preflight must say about them. */
interface Situation {
  readonly title: string;
  readonly objects: readonly Manifest[];
  /** Applied once the objects above are up. */
  readonly later?: readonly Manifest[];
  readonly expected: readonly Expected[];
}

const LOOSE = { labels: {} };
const byHand = { name: 'istio-proxy', image: 'gcr.io/istio-release/proxyv2:1.6.13' };

function ownedBy(apiVersion: string, kind: string, name: string): object {
  // The kind is unknown to this cluster, so the garbage collector cannot tell that the owner does not exist.
  return {
    ownerReferences: [{ apiVersion, kind, name, controller: true, uid: '6f1f2f0e-0000-4000-8000-000000000001' }],
  };
}

function pod(place: string, containers: readonly object[] = [], more: object = LOOSE): Manifest {
  const app = { name: 'app', image: 'registry.example/app:1' };
  return object('v1 Pod', place, { spec: { containers: [app, ...containers] } }, more);
}

/** Everything that the checks of namespaces and workloads are made for. */
export const SITUATIONS: readonly Situation[] = [
  {
    title: 'a namespace that refuses sidecars',
    objects: [
      namespace('p-disabled', { 'istio-injection': 'disabled' }),
      pod('p-disabled/stray', [byHand]),
      workload('Deployment', 'p-disabled/wishful', {}, { annotations: { 'sidecar.istio.io/inject': 'true' } }),
    ],
    expected: [
      ['MESH070', 'warning', 'p-disabled/stray'],
      ['MESH070', 'info', 'Deployment p-disabled/wishful'],
    ],
  },
  {
    title: 'a namespace that asks twice',
    objects: [namespace('p-both', { 'istio-injection': 'enabled', 'istio.io/rev': 'default' })],
    expected: [['MESH025', 'warning', 'p-both']],
  },
  {
    title: 'sidecars outside of the plan',
    objects: [
      namespace('p-unlabelled', {}),
      pod('p-unlabelled/byhand', [byHand]),
      workload('Deployment', 'p-unlabelled/wishful', {}, { annotations: { 'sidecar.istio.io/inject': 'true' } }),
    ],
    expected: [
      ['MESH071', 'warning', 'p-unlabelled/byhand'],
      ['MESH071', 'warning', 'Namespace accounts is excluded'],
      ['MESH072', 'info', 'Deployment p-unlabelled/wishful'],
    ],
  },
  {
    title: 'pod templates that say something about their sidecar',
    objects: [
      namespace('p-templates'),
      workload('Deployment', 'p-templates/refusing', {}, { labels: { 'sidecar.istio.io/inject': 'false' } }),
      workload('Deployment', 'p-templates/revision', {}, { labels: { 'istio.io/rev': 'default' } }),
      workload('Deployment', 'p-templates/noted', {}, { annotations: { 'istio.io/rev': 'default' } }),
      workload('Deployment', 'p-templates/network', {}, { spec: { hostNetwork: true } }),
      workload(
        'Deployment',
        'p-templates/pinned',
        {},
        { annotations: { 'sidecar.istio.io/proxyImage': 'r.example/p:1' } },
      ),
      workload(
        'Deployment',
        'p-templates/byhand',
        {},
        { spec: { containers: [{ name: 'app', image: 'a:1' }, byHand] } },
      ),
      workload('Deployment', 'p-templates/hasty', {}, { spec: { terminationGracePeriodSeconds: 3 } }),
    ],
    expected: [
      ['MESH072', 'warning', 'Deployment p-templates/refusing'],
      ['MESH073', 'blocker', 'Deployment p-templates/revision'],
      ['MESH073', 'info', 'Deployment p-templates/noted'],
      ['MESH074', 'info', 'Deployment p-templates/network'],
      ['MESH022', 'blocker', 'Deployment p-templates/pinned'],
      ['MESH022', 'warning', 'Deployment p-templates/byhand'],
      ['MESH087', 'info', 'Deployment p-templates/hasty (3 s)'],
    ],
  },
  {
    title: 'jobs, and pods that stand by themselves',
    objects: [
      namespace('p-alone'),
      object('batch/v1 Job', 'p-alone/import', {
        spec: {
          template: template('import', { spec: { restartPolicy: 'Never' }, annotations: { [READY_DELAY]: '1h' } }),
        },
      }),
      object('batch/v1 CronJob', 'p-alone/nightly', {
        spec: {
          schedule: '0 3 1 1 *',
          jobTemplate: { spec: { template: template('nightly', { spec: { restartPolicy: 'Never' } }) } },
        },
      }),
      pod('p-alone/bare'),
      workload('ReplicaSet', 'p-alone/lonely'),
      object('v1 ReplicationController', 'p-alone/ancient', {
        spec: { selector: { app: 'ancient' }, template: template('ancient') },
      }),
    ],
    expected: [
      ['MESH075', 'warning', 'Job p-alone/import'],
      ['MESH088', 'info', 'p-alone/import-'],
      ['MESH076', 'info', 'p-alone/nightly'],
      ['MESH023', 'warning', 'Pod p-alone/bare'],
      ['MESH077', 'info', 'ReplicaSet p-alone/lonely'],
      ['MESH077', 'info', 'ReplicationController p-alone/ancient'],
    ],
  },
  {
    title: 'workloads that do not roll by themselves, or not without a gap',
    objects: [
      namespace('p-rolling'),
      workload('DaemonSet', 'p-rolling/manual', { updateStrategy: { type: 'OnDelete' } }),
      workload('StatefulSet', 'p-rolling/held', { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } }),
      workload('StatefulSet', 'p-rolling/single', { replicas: 1 }),
      // More pods at once than 5 % of all that these situations have.
      workload('Deployment', 'p-rolling/recreated', { replicas: 4, strategy: { type: 'Recreate' } }),
      workload('Deployment', 'p-rolling/nosurge', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }),
      workload('Deployment', 'p-rolling/paused', { paused: true }),
      workload('Deployment', 'p-rolling/moving', { replicas: 2 }),
    ],
    later: [workload('Deployment', 'p-rolling/moving', { replicas: 2 }, { annotations: { [NEVER_READY]: 'true' } })],
    expected: [
      ['MESH021', 'warning', 'DaemonSet p-rolling/manual'],
      ['MESH078', 'warning', 'StatefulSet p-rolling/held'],
      ['MESH079', 'warning', 'StatefulSet p-rolling/single'],
      ['MESH079', 'warning', 'Deployment p-rolling/recreated'],
      ['MESH089', 'warning', 'Deployment p-rolling/recreated may take 4 pods at once'],
      ['MESH079', 'warning', 'Deployment p-rolling/nosurge'],
      ['MESH020', 'blocker', 'Deployment p-rolling/paused'],
      ['MESH082', 'warning', 'Deployment p-rolling/moving'],
      ['MESH024', 'warning', 'p-rolling/moving-'],
    ],
  },
  {
    title: 'owners of other kinds',
    objects: [
      namespace('p-owners'),
      workload('ReplicaSet', 'p-owners/web-1', {}, { owned: ownedBy('argoproj.io/v1alpha1', 'Rollout', 'web') }),
      pod('p-owners/clone-1', [], ownedBy('apps.kruise.io/v1alpha1', 'CloneSet', 'clone')),
      workload('StatefulSet', 'p-owners/db', { replicas: 2 }, { owned: ownedBy('db.example/v1', 'Database', 'main') }),
    ],
    expected: [
      ['MESH080', 'info', 'Rollout p-owners/web (argoproj.io/v1alpha1)'],
      ['MESH080', 'warning', 'CloneSet p-owners/clone (apps.kruise.io/v1alpha1)'],
      ['MESH081', 'info', 'Database p-owners/main (db.example/v1)'],
    ],
  },
  {
    title: 'budgets and autoscalers without room',
    objects: [
      namespace('p-room'),
      workload('Deployment', 'p-room/tight', { replicas: 2 }),
      budget('p-room/tight', 2),
      workload('Deployment', 'p-room/sick', { replicas: 2 }, { annotations: { [NEVER_READY]: 'true' } }),
      budget('p-room/sick', 1),
      object('autoscaling/v1 HorizontalPodAutoscaler', 'p-room/full', {
        spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'tight' } },
      }),
    ],
    expected: [
      ['MESH083', 'warning', 'p-room/tight wants 2 of its 2 pods healthy'],
      ['MESH083', 'warning', 'p-room/sick allows no eviction now'],
      ['MESH084', 'warning', 'HorizontalPodAutoscaler p-room/full'],
    ],
  },
  {
    title: 'quotas that a restart or the sidecar would break',
    objects: [
      namespace('p-quota'),
      workload('Deployment', 'p-quota/full', { replicas: 2 }),
      namespace('p-quota-cpu'),
      workload(
        'Deployment',
        'p-quota-cpu/slack',
        { replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
        { requests: { cpu: '100m' } },
      ),
      namespace('p-range'),
      workload('Deployment', 'p-range/web', {}, { annotations: { [READY_DELAY]: '1s' } }),
    ],
    later: [
      object('v1 ResourceQuota', 'p-quota/pods', { spec: { hard: { pods: '2' } } }),
      // Two pods of 200m each leave 150m: enough for the application alone, and too little for it with its sidecar.
      object('v1 ResourceQuota', 'p-quota-cpu/cpu', { spec: { hard: { 'requests.cpu': '550m' } } }),
      object('v1 LimitRange', 'p-range/narrow', {
        spec: { limits: [{ type: 'Container', max: { memory: '512Mi' } }] },
      }),
    ],
    expected: [
      ['MESH085', 'blocker', 'Deployment p-quota/full with its sidecar (pods 2 of 2)'],
      ['MESH085', 'warning', 'Deployment p-quota-cpu/slack with its sidecar (requests.cpu 400m of 550m)'],
      ['MESH086', 'blocker', 'LimitRange p-range/narrow refuses the sidecar: memory above 512Mi'],
    ],
  },
];

function budget(place: string, minAvailable: number): Manifest {
  const matchLabels = { app: place.split('/')[1] };
  return object('policy/v1 PodDisruptionBudget', place, { spec: { minAvailable, selector: { matchLabels } } });
}

/** Names of the namespaces that the situations are in. */
export const SITUATION_NAMESPACES: readonly string[] = SITUATIONS.flatMap(({ objects }) =>
  objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => (metadata as { name: string }).name),
);
