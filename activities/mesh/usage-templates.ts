import { REVISION_LABEL } from '../../domain/names.js';
import { ownObjects } from '../../domain/old-revision.js';
import type { Route } from '../../domain/plan.js';
import { imageVersion } from '../../domain/pod.js';
import { keyOf, type RecordedObject } from '../../domain/snapshot.js';
import type { KubeObject, Resource } from '../kube/types.js';
import type { Usage } from './usage.js';

/** Every kind that makes pods from a template. Of CronJobs the API version differs by server; an unknown one is empty. */
const COLLECTIONS: readonly Resource[] = [
  { api: 'apps/v1', plural: 'deployments' },
  { api: 'apps/v1', plural: 'statefulsets' },
  { api: 'apps/v1', plural: 'daemonsets' },
  { api: 'apps/v1', plural: 'replicasets' },
  { api: 'v1', plural: 'replicationcontrollers' },
  { api: 'batch/v1', plural: 'jobs' },
  { api: 'batch/v1', plural: 'cronjobs' },
  { api: 'batch/v1beta1', plural: 'cronjobs' },
];
const PROXY_IMAGE = 'sidecar.istio.io/proxyImage';

interface Template {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
}

/** Workloads whose next pod would want the old control plane, whether one runs now or not. */
export async function templatesOn({ kube, route, before }: Usage): Promise<string[]> {
  const own = new Set(ownObjects(before, route).map(keyOf));
  const lists = await Promise.all(COLLECTIONS.map((collection) => kube.list(collection)));
  const found = lists.flatMap(({ items }, index) =>
    items.filter(isOwnMaster).flatMap((object) => {
      // The old control plane's own Deployment is no user of it.
      if (own.has(keyOf(placeOf(COLLECTIONS[index], object)))) return [];
      const why = bondOf(templateOf(object), route);
      const name = `${object.kind ?? COLLECTIONS[index]?.plural ?? ''} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      return why === null ? [] : [`${name} ${why}`];
    }),
  );
  return [...new Set(found)];
}

function placeOf({ api = '', plural = '' }: Partial<Resource> = {}, { metadata }: KubeObject): RecordedObject {
  return { collection: `${api}/${plural}`, namespace: metadata.namespace ?? null, name: metadata.name, object: {} };
}

/** What a controller made follows that one; what has ended makes no pods any more. */
function isOwnMaster({ metadata, status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  const isOver = conditions.some(({ type, status: value }) => /^(Complete|Failed)$/.test(type) && value === 'True');
  return !isOver && metadata.ownerReferences?.some(({ controller }) => controller === true) !== true;
}

/** A CronJob has its template inside that of its Jobs. */
function templateOf({ spec }: KubeObject): Template {
  const { template, jobTemplate } = (spec ?? {}) as {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
  };
  return jobTemplate?.spec?.template ?? template ?? {};
}

/** What binds a template to the old control plane, as the rest of a sentence. */
function bondOf(template: Template, { from }: Route): string | null {
  const { revision } = from;
  const { proxyTag } = from.sidecar;
  const hasTag = (image: string | undefined) => image !== undefined && imageVersion(image) === proxyTag;
  if (askedRevision(template) === revision) return `asks for ${REVISION_LABEL}=${revision} in its pod template`;
  if (hasTag(template.metadata?.annotations?.[PROXY_IMAGE])) return `pins proxy ${proxyTag} in its pod template`;
  return hasTag(ownProxy(template)) ? `carries proxy ${proxyTag} in its own pod template` : null;
}

/** A proxy that was put into the template by hand. */
function ownProxy({ spec = {} }: Template): string | undefined {
  return spec.containers?.find(({ name }) => name === 'istio-proxy')?.image;
}

function askedRevision({ metadata = {} }: Template): string | undefined {
  return metadata.labels?.[REVISION_LABEL] ?? metadata.annotations?.[REVISION_LABEL];
}
