import { DEFAULT_REVISION, INJECTION_LABEL, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import type { ControlPlane, DetectedMesh, NamespaceInjection } from '../../domain/plan.js';
import { imageTag, isLive, proxyTagOf } from '../../domain/pod.js';
import { WORKLOAD_KINDS } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { isComplete } from '../mesh/deployment-state.js';
import { PROBE_LABEL } from '../mesh/probe-namespace.js';
import { asPod, asWorkload } from '../workloads/owned-pods.js';

/** Reads what is in the cluster. Changes nothing. */
export function createDetectMesh({ access }: ActivityContext): Activities['detectMesh'] {
  return ({ cluster }) => detectMesh(cluster, access(cluster).kube);
}

/** Control planes, namespaces with their pods by proxy, and gateways of one cluster. */
export async function detectMesh(cluster: string, kube: KubeClient): Promise<DetectedMesh> {
  const [version, deployments, namespaces, pods, ...workloads] = await Promise.all([
    kube.raw('/version'),
    kube.list({ api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE }),
    kube.list({ api: 'v1', plural: 'namespaces' }),
    kube.list({ api: 'v1', plural: 'pods' }),
    ...WORKLOAD_KINDS.map((kind) => kube.list({ api: 'apps/v1', plural: `${kind.toLowerCase()}s` })),
  ]);
  const counted = count(workloads.flatMap(({ items }) => items));
  const byNamespace = group(pods.items);
  return {
    cluster,
    kubernetes: minorOfServer(version),
    controlPlanes: deployments.items.filter(isIstiod).map(controlPlane),
    namespaces: namespaces.items
      .filter(({ metadata }) => metadata.labels?.[PROBE_LABEL] === undefined)
      .map((namespace) => injectionOf(namespace, byNamespace.get(namespace.metadata.name) ?? [], counted)),
    gateways: deployments.items.filter(isGateway).map(({ metadata }) => `${ISTIO_NAMESPACE}/${metadata.name}`),
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
    version: imageTag(asWorkload(deployment).spec.template.spec.containers[0]?.image ?? ''),
    ready: isComplete(deployment),
  };
}

/** Deployments that run nothing but a proxy as their purpose (pitfalls 4a.4). */
export function isGateway(deployment: KubeObject): boolean {
  const component = deployment.metadata.labels?.['operator.istio.io/component'] ?? '';
  const role = asWorkload(deployment).spec.template.metadata?.labels?.['istio'] ?? '';
  return /^(Ingress|Egress)Gateways$/.test(component) || /^(ingress|egress)gateway$/.test(role);
}

function injectionOf(
  { metadata }: KubeObject,
  pods: readonly KubeObject[],
  workloads: ReadonlyMap<string, number>,
): NamespaceInjection {
  const podsByProxy: Record<string, number> = {};
  for (const pod of pods.map(asPod).filter(isLive)) {
    const tag = proxyTagOf(pod) ?? 'none';
    podsByProxy[tag] = (podsByProxy[tag] ?? 0) + 1;
  }
  return {
    namespace: metadata.name,
    injection: metadata.labels?.[INJECTION_LABEL] ?? null,
    revision: metadata.labels?.[REVISION_LABEL] ?? null,
    podsByProxy,
    workloads: workloads.get(metadata.name) ?? 0,
  };
}

function count(objects: readonly KubeObject[]): Map<string, number> {
  return new Map([...group(objects)].map(([namespace, items]) => [namespace, items.length]));
}

function group(objects: readonly KubeObject[]): Map<string, KubeObject[]> {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const namespace = object.metadata.namespace ?? '';
    const items = groups.get(namespace);
    if (items === undefined) groups.set(namespace, [object]);
    else items.push(object);
  }
  return groups;
}
