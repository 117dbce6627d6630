import type { Finding } from '../../domain/plan.js';
import { isKept, isLive, isReady, proxyTagOf } from '../../domain/pod.js';
import { WORKLOAD_KINDS, workloadName, type WorkloadRef } from '../../domain/workload.js';
import type { KubeObject } from '../kube/types.js';
import { asPod, asWorkload } from '../workloads/owned-pods.js';
import type { Check, CheckInput } from './check.js';

interface Found {
  readonly ref: WorkloadRef;
  readonly object: KubeObject;
}

async function workloadsOf({ plan, kube }: CheckInput): Promise<Found[]> {
  const namespaces = new Set(plan.waves.flatMap((wave) => wave.namespaces));
  const lists = await Promise.all(
    WORKLOAD_KINDS.map(async (kind) => {
      const { items } = await kube.list({ api: 'apps/v1', plural: `${kind.toLowerCase()}s` });
      return items.map((object) => ({
        ref: { kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name },
        object,
      }));
    }),
  );
  return lists.flat().filter(({ ref }) => namespaces.has(ref.namespace));
}

/** One finding per workload that a condition holds for. */
async function perWorkload(
  input: CheckInput,
  holds: (found: Found) => boolean,
  finding: (name: string) => Finding,
): Promise<Finding[]> {
  const workloads = await workloadsOf(input);
  return workloads.filter(holds).map(({ ref }) => finding(workloadName(ref)));
}

/** A paused Deployment never begins a rollout; `rollout status` calls it done all the same. */
const paused: Check = (input) =>
  perWorkload(
    input,
    ({ object }) => asWorkload(object).spec.paused === true,
    (name) => ({
      check: 'MESH020',
      severity: 'blocker',
      reason: 'WorkloadPaused',
      message: `${name} is paused: it would keep its old sidecar.`,
      remedy: 'Resume it with `kubectl rollout resume`, or exclude its namespace.',
    }),
  );

const onDelete: Check = (input) =>
  perWorkload(
    input,
    ({ object }) => asWorkload(object).spec.updateStrategy?.type === 'OnDelete',
    (name) => ({
      check: 'MESH021',
      severity: 'warning',
      reason: 'WorkloadNotReady',
      message: `${name} has update strategy OnDelete: its pods change only when somebody deletes them.`,
      remedy: 'Delete its pods by hand, one after the other, when the run waits for it.',
    }),
  );

const pinnedProxy: Check = (input) =>
  perWorkload(
    input,
    ({ object }) => {
      const template = asWorkload(object).spec.template;
      const byHand = template.spec.containers.some(({ name }) => name === 'istio-proxy');
      return byHand || template.metadata?.annotations?.['sidecar.istio.io/proxyImage'] !== undefined;
    },
    (name) => ({
      check: 'MESH022',
      severity: 'blocker',
      reason: 'SidecarWrong',
      message: `${name} brings its own proxy image: a restart would not change it.`,
      remedy:
        'Remove the annotation sidecar.istio.io/proxyImage or the injected container from its template, or exclude its namespace.',
    }),
  );

/** Pods with a sidecar that nothing brings back: they are never deleted, and hold the finalisation. */
const barePods: Check = async ({ plan, kube }) => {
  const namespaces = new Set(plan.waves.flatMap((wave) => wave.namespaces));
  const { items } = await kube.list({ api: 'v1', plural: 'pods' });
  return items
    .filter((object) => namespaces.has(object.metadata.namespace ?? ''))
    .filter((object) => {
      const pod = asPod(object);
      return isLive(pod) && proxyTagOf(pod) !== null && !isKept(pod);
    })
    .map(({ metadata }) => ({
      check: 'MESH023',
      severity: 'warning' as const,
      reason: 'OldRevisionInUse',
      message: `Pod ${metadata.namespace ?? ''}/${metadata.name} belongs to no Deployment, StatefulSet or DaemonSet: it keeps its old sidecar until it ends.`,
      remedy: 'Replace it yourself, or let it finish: the old control plane stays as long as it runs.',
    }));
};

const unhealthy: Check = async ({ plan, kube }) => {
  const namespaces = new Set(plan.waves.flatMap((wave) => wave.namespaces));
  const { items } = await kube.list({ api: 'v1', plural: 'pods' });
  const names = items
    .filter((object) => namespaces.has(object.metadata.namespace ?? ''))
    .filter((object) => isLive(asPod(object)) && isKept(asPod(object)) && !isReady(asPod(object)))
    .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  if (names.length === 0) return [];
  return [
    {
      check: 'MESH024',
      severity: 'warning',
      reason: 'WorkloadNotReady',
      message: `${names.length} pods are not Ready before the upgrade: ${names.slice(0, 5).join(', ')}.`,
      remedy: 'Mend them first; the run would stop there.',
    },
  ];
};

/** `istio-injection` wins over `istio.io/rev`: with both, the second one says nothing. */
const bothLabels: Check = ({ mesh }) =>
  mesh.namespaces
    .filter(({ injection, revision }) => injection !== null && revision !== null)
    .map(({ namespace }) => ({
      check: 'MESH025',
      severity: 'warning' as const,
      reason: 'NamespaceChanged',
      message: `Namespace ${namespace} carries both istio-injection and istio.io/rev; the first one wins.`,
      remedy: 'Remove the one that is not meant.',
    }));

/** Questions about what will be moved. */
export const WORKLOAD_CHECKS: readonly Check[] = [paused, onDelete, pinnedProxy, barePods, unhealthy, bothLabels];
