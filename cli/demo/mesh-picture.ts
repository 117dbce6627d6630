import { proxyTag, type Kubectl, type KubeObject } from './kubectl.js';
import type { PodTable } from './report.js';

/** What the demo compares before and after: pods, and what a rollback must bring back, part by part. */
export interface MeshPicture {
  readonly pods: PodTable;
  readonly parts: Readonly<Record<string, unknown>>;
}

const KINDS =
  'deployments,configmaps,hpa,pdb,serviceaccounts,roles,rolebindings,services,envoyfilters.networking.istio.io';

/** Looks at the whole mesh. What the API server itself keeps changing is left out. */
export async function takePicture(kubectl: Kubectl): Promise<MeshPicture> {
  const [pods, namespaces, system, webhooks] = await Promise.all([
    kubectl.list('pods', '--all-namespaces'),
    kubectl.list('namespaces'),
    kubectl.list(KINDS, '--namespace=istio-system'),
    kubectl.list('mutatingwebhookconfigurations,validatingwebhookconfigurations'),
  ]);
  const gateways = system.filter(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.labels?.['istio'] !== 'pilot',
  );
  const services = system.filter(({ kind }) => kind === 'Service');
  return {
    pods: countPods(pods),
    parts: {
      'labels of every namespace': keyed(namespaces, ({ metadata }) => metadata.labels ?? {}),
      'pod templates of the gateways': keyed(gateways, ({ spec }) => spec?.['template']),
      'webhooks, with rules and failure policy': keyed(webhooks, (object) => object.webhooks),
      'selectors of the Services': keyed(services, ({ spec }) => [spec?.['selector'], spec?.['ports']]),
      'objects in istio-system': keyed(system, () => true),
    },
  };
}

/** Pods that run or will run, by namespace and proxy version; the system's own namespaces are left out. */
export function countPods(pods: readonly KubeObject[]): PodTable {
  const table: Record<string, Record<string, number>> = {};
  for (const pod of pods) {
    const namespace = pod.metadata.namespace ?? '';
    if (namespace.startsWith('kube-') || !isAlive(pod)) continue;
    const row = (table[namespace] ??= {});
    const tag = proxyOf(pod);
    row[tag] = (row[tag] ?? 0) + 1;
  }
  return table;
}

/** Names of the parts that are not the same in both pictures, each with the keys that differ. */
export function differences(before: MeshPicture, after: MeshPicture): { name: string; differing: string[] }[] {
  return Object.keys(before.parts).map((name) => {
    const [old, now] = [asRecord(before.parts[name]), asRecord(after.parts[name])];
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
    return { name, differing: keys.filter((key) => canonical(old[key]) !== canonical(now[key])) };
  });
}

/** In istio-system control planes stand beside gateways; they are no proxies, and are not counted as pods without one. */
function proxyOf(pod: KubeObject): string {
  return pod.metadata.labels?.['app'] === 'istiod' ? 'istiod' : proxyTag(pod);
}

function isAlive({ metadata, status }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined && !['Succeeded', 'Failed'].includes(String(status?.['phase']));
}

function keyed(objects: readonly KubeObject[], value: (object: KubeObject) => unknown): Record<string, unknown> {
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, value(object) ?? null]));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** JSON with sorted keys, so that the order in which a server writes fields is no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
