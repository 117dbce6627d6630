import { groupBy } from '../../domain/group-by.js';
import { HELM_RELEASE } from '../../domain/helm.js';
import { gatewayKindOf, isInstalledGateway } from '../../domain/injection.js';
import {
  COMPONENT_LABEL,
  DEFAULT_REVISION,
  INJECTION_LABEL,
  ISTIO_NAMESPACE,
  OWNER_LABEL,
  REVISION_LABEL,
  TAG_LABEL,
} from '../../domain/names.js';
import type { ControlPlane, DetectedMesh, Installer, NamespaceInjection, RevisionTag } from '../../domain/plan.js';
import { isLive, proxyTagOf, revisionMarkOf, type Pod } from '../../domain/pod.js';
import { WORKLOAD_KINDS } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { isComplete } from '../mesh/deployment-state.js';
import { PROBE_LABEL } from '../mesh/probe-namespace.js';
import { listPods } from '../workloads/list-pods.js';
import { asWorkload, versionOf } from '../workloads/owned-pods.js';
import { gatewaysAmong } from './detect-gateways.js';
import { nodeAgentsAmong } from './detect-node-agents.js';

/** Reads what is in the cluster. Changes nothing. */
export function createDetectMesh({ access }: ActivityContext): Activities['detectMesh'] {
  return ({ cluster }) => detectMesh(cluster, access(cluster).kube);
}

/**
 * Control planes, namespaces with their pods by proxy, and gateways of one cluster.
 * @param options `withLabels`: those of the namespaces too, for who selects by them
 */
export async function detectMesh(
  cluster: string,
  kube: KubeClient,
  { withLabels = false }: { readonly withLabels?: boolean } = {},
): Promise<DetectedMesh> {
  const [version, webhooks, namespaces, pods, ...workloads] = await Promise.all([
    kube.raw('/version'),
    kube.list({ api: 'admissionregistration.k8s.io/v1', plural: 'mutatingwebhookconfigurations' }),
    kube.list({ api: 'v1', plural: 'namespaces' }),
    listPods(kube),
    ...WORKLOAD_KINDS.map((kind) => kube.list({ api: 'apps/v1', plural: `${kind.toLowerCase()}s` })),
  ]);
  const counted = count(workloads.flatMap(({ items }) => items));
  const deployments = workloads[WORKLOAD_KINDS.indexOf('Deployment')]?.items ?? [];
  const inMesh = deployments.filter(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
  const tags = webhooks.items.flatMap(tagOf);
  const gateways = await gatewaysAmong(kube, deployments);
  const agents = nodeAgentsAmong(workloads[WORKLOAD_KINDS.indexOf('DaemonSet')]?.items ?? []);
  const byNamespace = groupBy(pods, namespaceOf);
  return {
    cluster,
    kubernetes: minorOfServer(version),
    controlPlanes: inMesh.filter(isIstiod).map(controlPlane),
    namespaces: namespaces.items
      .filter(({ metadata }) => metadata.labels?.[PROBE_LABEL] === undefined)
      .map((namespace) => ({
        ...injectionOf(namespace, byNamespace.get(namespace.metadata.name) ?? [], counted),
        ...(withLabels && { labels: namespace.metadata.labels ?? {} }),
      })),
    gateways: inMesh.filter(isGateway).map(({ metadata }) => `${ISTIO_NAMESPACE}/${metadata.name}`),
    ...(tags.length > 0 && { tags }),
    ...(gateways.length > 0 && { gatewayDeployments: gateways }),
    ...(agents.length > 0 && { nodeAgents: agents }),
  };
}

/** `1.21`, read from `v1.21.14-gke.2`: the fields for major and minor may be empty or carry a plus sign. */
function minorOfServer(text: string): string {
  const { gitVersion } = JSON.parse(text) as { gitVersion: string };
  return /^v(\d+\.\d+)\./.exec(gitVersion)?.[1] ?? gitVersion;
}

function isIstiod({ metadata }: KubeObject): boolean {
  return metadata.labels?.['app'] === 'istiod';
}

function controlPlane(deployment: KubeObject): ControlPlane {
  return {
    revision: deployment.metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION,
    deployment: deployment.metadata.name,
    version: versionOf(deployment),
    ready: isComplete(deployment),
    ...installerOf(deployment),
  };
}

/** Who keeps a control plane. The charts say "Helm" in a label whoever renders them; only Helm itself writes the annotation. */
function installerOf({ metadata }: KubeObject): { installer?: Installer } {
  const { labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  if (ownerReferences.some(({ kind }) => kind === 'IstioRevision')) return { installer: 'sail' };
  if (annotations[HELM_RELEASE] !== undefined) return { installer: 'helm' };
  return labels[OWNER_LABEL] === undefined ? {} : { installer: 'istioctl' };
}

/** The tag that an injection webhook is: one with a label of its own; none for any other. */
export function tagOf({ metadata }: KubeObject): RevisionTag[] {
  const { [TAG_LABEL]: tag, [REVISION_LABEL]: revision } = metadata.labels ?? {};
  return tag === undefined || revision === undefined ? [] : [{ tag, revision }];
}

/** Deployments that run nothing but a proxy as their purpose (pitfalls 4a.4). */
export function isGateway(deployment: KubeObject): boolean {
  const component = deployment.metadata.labels?.[COMPONENT_LABEL];
  return isInstalledGateway({ component, role: asWorkload(deployment).spec.template.metadata?.labels?.['istio'] });
}

function injectionOf(
  { metadata }: KubeObject,
  pods: readonly Pod[],
  workloads: ReadonlyMap<string, number>,
): NamespaceInjection {
  const live = pods.filter(isLive);
  const podsByProxy = tally(live.map((pod) => proxyTagOf(pod) ?? 'none'));
  const marks = live
    .filter((pod) => gatewayKindOf(pod) === null)
    .map((pod) => revisionMarkOf(pod, 'istio-revisioned'))
    .filter((mark) => mark !== null);
  return {
    namespace: metadata.name,
    injection: metadata.labels?.[INJECTION_LABEL] ?? null,
    revision: metadata.labels?.[REVISION_LABEL] ?? null,
    podsByProxy,
    ...(marks.length > 0 && { podsByRevision: tally(marks) }),
    workloads: workloads.get(metadata.name) ?? 0,
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function count(objects: readonly KubeObject[]): Map<string, number> {
  return new Map([...groupBy(objects, namespaceOf)].map(([namespace, items]) => [namespace, items.length]));
}

function namespaceOf({ metadata }: Pick<Pod, 'metadata'>): string {
  return metadata.namespace ?? '';
}
