import { connectAdmin } from '../../../sandbox/cluster/admin-client.js';
import { CRASH, KEEPS_RUNNING, NEVER_READY, NO_IMAGE } from '../../../sandbox/cluster/kubelet-stages.js';
import { eventually } from './eventually.js';
import type { KubeObject } from './mesh-facts.js';
import type { Mesh } from './mesh.js';

type Manifest = Readonly<Record<string, unknown>>;
type Annotations = Readonly<Record<string, string>>;

const IMAGE = 'registry.example/zoo/app:1';

/** A pod template. @param spec overrides parts of the pod's specification */
function template(app: string, annotations: Annotations = {}, spec: object = {}): object {
  return { metadata: { labels: { app }, annotations }, spec: { containers: [{ name: 'app', image: IMAGE }], ...spec } };
}

/** A workload with pods of its own label. */
export function workload(kind: string, place: string, spec: object = {}, annotations: Annotations = {}): Manifest {
  const [namespace = '', name = ''] = place.split('/');
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, annotations), ...spec },
  };
}

export const namespace = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'istio-injection': 'enabled' } },
});

/** A pod that nothing owns. */
export function barePod(place: string): Manifest {
  const [of = '', name = ''] = place.split('/');
  const spec = { containers: [{ name: 'app', image: IMAGE }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: of }, spec };
}

/** A custom resource definition that takes anything: the kind is what counts here. */
function crd(group: string, kind: string): Manifest {
  const plural = `${kind.toLowerCase()}s`;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = { name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ ...version, schema: { openAPIV3Schema } }],
    },
  };
}

export const CRDS = [crd('argoproj.io', 'Rollout'), crd('zoo.example', 'Keeper')];

const onDelete = { updateStrategy: { type: 'OnDelete' } };
const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };
const stateful = { replicas: 3, serviceName: 'zoo' };
/** Specification of a Job that runs for as long as its pod carries the annotation. */
export const job = { template: template('work', { [KEEPS_RUNNING]: 'true' }, { restartPolicy: 'Never' }) };

/** Namespace `zoo`: one of every kind and strategy that can be moved or is left alone. */
export const ZOO: readonly Manifest[] = [
  namespace('zoo'),
  workload('Deployment', 'zoo/rolling', { replicas: 2 }),
  workload('Deployment', 'zoo/recreate', { replicas: 2, strategy: { type: 'Recreate' } }),
  workload('StatefulSet', 'zoo/ordered', { ...stateful, replicas: 2 }),
  workload('StatefulSet', 'zoo/partition', { ...stateful, ...partition }),
  workload('StatefulSet', 'zoo/ondelete', { ...stateful, ...onDelete }),
  workload('DaemonSet', 'zoo/nodes'),
  workload('DaemonSet', 'zoo/nodes-ondelete', onDelete),
  workload('ReplicaSet', 'zoo/bare-set', { replicas: 2 }),
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'bare-set', namespace: 'zoo' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'bare-set' } } },
  },
  {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'controller', namespace: 'zoo' },
    spec: { replicas: 1, selector: { app: 'controller' }, template: template('controller') },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'long', namespace: 'zoo' }, spec: job },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'zoo' },
    spec: { schedule: '0 3 1 1 *', jobTemplate: { spec: job } },
  },
  barePod('zoo/bare'),
  {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'argo', namespace: 'zoo' },
    spec: { replicas: 2 },
  },
  { apiVersion: 'zoo.example/v1alpha1', kind: 'Keeper', metadata: { name: 'keeper', namespace: 'zoo' } },
];

/** What is owned by something else; @param owners uids of the Rollout and of the Keeper in `zoo` */
export function ownedOnes(owners: { readonly rollout: string; readonly keeper: string }): Manifest[] {
  const by = (apiVersion: string, kind: string, name: string, uid: string) => ({
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  });
  const keeper = by('zoo.example/v1alpha1', 'Keeper', 'keeper', owners.keeper);
  const argo = by('argoproj.io/v1alpha1', 'Rollout', 'argo', owners.rollout);
  const withMetadata = (manifest: Manifest, metadata: object): Manifest => ({
    ...manifest,
    metadata: { ...(manifest['metadata'] as object), ...metadata },
  });
  // Argo Rollouts labels the pods of each of its ReplicaSets with the hash in the ReplicaSet's name.
  const labels = { app: 'argo', 'rollouts-pod-template-hash': '5f6d' };
  const rollouts = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { ...template('argo'), metadata: { labels } },
  };
  return [
    withMetadata(workload('Deployment', 'zoo/managed', { replicas: 1 }), keeper),
    withMetadata(workload('ReplicaSet', 'zoo/argo-5f6d', rollouts), argo),
    withMetadata(barePod('zoo/kept'), keeper),
  ];
}

/** Places of workloads whose new pods do not come up, each in a namespace of its own. */
export const AILING: readonly Manifest[] = [
  workload('Deployment', 'f-crash/web', {}, { [CRASH]: 'true' }),
  workload('Deployment', 'f-image/web', {}, { [NO_IMAGE]: 'true' }),
  workload('Deployment', 'f-deadline/web', { progressDeadlineSeconds: 4 }, { [NEVER_READY]: 'true' }),
  workload('Deployment', 'f-node/web', { template: template('web', {}, { nodeSelector: { zoo: 'nowhere' } }) }),
  workload('Deployment', 'f-webhook/web'),
  workload('Deployment', 'f-limits/web'),
  workload('StatefulSet', 'f-quota/db', { replicas: 2, serviceName: 'db' }),
  workload('Deployment', 'f-missing/web', { replicas: 2 }),
  workload('ReplicaSet', 'f-wrong/set', { replicas: 2 }),
  workload('Deployment', 'f-paused/web', { paused: false }),
  workload('ReplicaSet', 'f-budget/set', { replicas: 2 }),
  workload('Deployment', 'f-busy/web', { replicas: 2 }),
  workload('StatefulSet', 'f-pending/db', { replicas: 2, serviceName: 'db', ...onDelete }),
];

/** Makes the pods of a namespace Ready whatever the simulated kubelet thinks: these are the old ones, which are healthy. */
export async function makeHealthy({ sandbox, facts }: Mesh, place: string): Promise<void> {
  const admin = await connectAdmin(sandbox.adminKubeconfig);
  await eventually(`healthy pods in ${place}`, async () => {
    const pods = await facts.list('pods', '-n', place);
    for (const pod of pods) {
      const path = `/api/v1/namespaces/${place}/pods/${pod.metadata.name}`;
      const node = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name } };
      const isPlaced = pod.spec?.['nodeName'] !== undefined;
      if (!isPlaced) await admin.send('POST', `${path}/binding`, { ...node, target: { kind: 'Node', name: 'node-0' } });
      else if (!isReady(pod)) await admin.send('PATCH', `${path}/status`, { status: healthyStatus(pod) });
    }
    return pods.length > 0 && pods.every(isReady);
  });
}

function healthyStatus({ spec }: KubeObject): object {
  const containers = (spec?.['containers'] ?? []) as { name: string; image: string }[];
  const now = new Date().toISOString();
  return {
    phase: 'Running',
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' })),
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}

export function isReady({ status }: KubeObject): boolean {
  const conditions = (status?.['conditions'] ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

/**
 * Plays Argo's controller, which is not there, as far as its documentation goes: pods that were created before
 * `spec.restartAt` are deleted one at a time, and `status.restartedAt` says when that is done. Nothing else of it is played.
 */
export async function playArgo({ sandbox, facts }: Mesh, signal: AbortSignal): Promise<void> {
  const admin = await connectAdmin(sandbox.adminKubeconfig);
  const path = '/apis/argoproj.io/v1alpha1/namespaces/zoo/rollouts/argo';
  while (!signal.aborted) {
    const rollout = await admin.send('GET', path);
    const { restartAt } = (rollout?.['spec'] ?? {}) as { restartAt?: string };
    const { restartedAt } = (rollout?.['status'] ?? {}) as { restartedAt?: string };
    if (restartAt !== undefined && restartAt !== restartedAt) {
      const done = await replaceOneOlder(facts, restartAt);
      if (done) await admin.send('PATCH', `${path}/status`, { status: { restartedAt: restartAt } });
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Deletes one pod that is older, once all are there. @returns whether none is left */
async function replaceOneOlder(facts: Mesh['facts'], restartAt: string): Promise<boolean> {
  const pods = await facts.list('pods', '-n', 'zoo', '-l', 'app=argo');
  if (pods.length !== 2 || pods.some((pod) => !isReady(pod) || pod.metadata.deletionTimestamp !== undefined))
    return false;
  const older = pods.find(({ metadata }) => (metadata.creationTimestamp ?? '') < restartAt);
  if (older === undefined) return true;
  await facts.run('delete', 'pod', '-n', 'zoo', older.metadata.name);
  return false;
}
