import type { GatewayKind } from './injection.js';

/** JSON as the API server sends it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
// An interface, because a type alias that goes through a Record may not name itself.
interface JsonObject {
  readonly [key: string]: Json;
}

/** An object as it was before the run. */
export interface RecordedObject {
  /** `apps/v1/deployments`, the collection it belongs to. */
  readonly collection: string;
  /** Null for what belongs to no namespace. */
  readonly namespace: string | null;
  readonly name: string;
  readonly object: JsonObject;
  /** Tells this very object from another one that got its name later. Absent in snapshots of before Meshlift kept it. */
  readonly uid?: string;
}

/** The labels of a recorded object. */
export function recordedLabels({ object }: Pick<RecordedObject, 'object'>): Readonly<Record<string, string>> {
  const { labels } = (object['metadata'] ?? {}) as { readonly labels?: Readonly<Record<string, string>> };
  return labels ?? {};
}

/** A gateway as it was: what its owner asked for, and what people outside rely on. */
export interface RecordedGateway {
  readonly kind: GatewayKind;
  /** The Gateway that istiod runs it for, with its label `istio.io/rev`, null where it has none. */
  readonly declared?: { readonly name: string; readonly revision: string | null };
  /** What stands in front of it, fact by fact (domain/gateway-front.ts). */
  readonly front: Readonly<Record<string, string>>;
}

/** Everything a run may change, as it was before it (invariant I5). */
export interface Snapshot {
  readonly schema: 1;
  readonly cluster: string;
  readonly runId: string;
  readonly takenAt: string;
  /** All labels of every namespace. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly objects: readonly RecordedObject[];
  /** Releases of Helm by `namespace/name`, each with how often it had been changed; absent where Helm does not keep the mesh. */
  readonly helm?: Readonly<Record<string, number>>;
  /** Gateways by their Deployment, `namespace/name`; absent where the driver moves none by themselves. */
  readonly gateways?: Readonly<Record<string, RecordedGateway>>;
}

/** What stands in an object only because the API server, a controller or istiod wrote it there. */
const VOLATILE_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'finalizers',
];
const VOLATILE_ANNOTATIONS =
  /^(deployment\.kubernetes\.io\/revision|deprecated\.daemonset\.template\.generation|autoscaling\.alpha\.kubernetes\.io\/.*|control-plane\.alpha\.kubernetes\.io\/leader)$/;

/**
 * The part of an object that a person or an installer decides, and that a rollback must bring back: no status, no
 * counters, no replicas (an autoscaler's), no caBundle (istiod's), no tokens of a service account (their controller's), of a
 * CRD its metadata only (never downgraded).
 */
export function decidedPart(collection: string, object: JsonObject): JsonObject {
  const tokens = collection.endsWith('/serviceaccounts') ? ['secrets'] : [];
  const { metadata, spec, ...rest } = without(object, ['status', 'apiVersion', 'kind', ...tokens]);
  const decided: Record<string, Json> = { ...rest, metadata: decidedMetadata(asObject(metadata)) };
  if (Array.isArray(rest['webhooks'])) decided['webhooks'] = (rest['webhooks'] as readonly Json[]).map(withoutCaBundle);
  if (spec !== undefined && !collection.endsWith('/customresourcedefinitions')) {
    decided['spec'] = collection.endsWith('/deployments') ? without(asObject(spec), ['replicas']) : spec;
  }
  return decided;
}

function decidedMetadata(metadata: JsonObject): JsonObject {
  const annotations = Object.entries(asObject(metadata['annotations'])).filter(
    ([key]) => !VOLATILE_ANNOTATIONS.test(key),
  );
  return {
    ...without(metadata, [...VOLATILE_METADATA, 'annotations']),
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
  };
}

function withoutCaBundle(webhook: Json): Json {
  const entry = asObject(webhook);
  return { ...entry, clientConfig: without(asObject(entry['clientConfig']), ['caBundle']) };
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The JSON merge patch (RFC 7386) that turns `from` into `to`; null when they are equal.
 * Arrays are replaced as a whole, as the RFC says.
 */
export function mergePatchBetween(from: JsonObject, to: JsonObject): JsonObject | null {
  const patch: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[key], to[key]];
    if (after === undefined) patch[key] = null;
    else if (isObject(before) && isObject(after)) {
      const inner = mergePatchBetween(before, after);
      if (inner !== null) patch[key] = inner;
    } else if (!sameJson(before, after)) patch[key] = after;
  }
  return Object.keys(patch).length === 0 ? null : patch;
}

/** Whether two JSON values say the same, whatever the order of their keys. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (isObject(a) && isObject(b)) return mergePatchBetween(a, b) === null;
  if (Array.isArray(a) && Array.isArray(b)) {
    const [left, right] = [a as readonly Json[], b as readonly Json[]];
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  return a === b;
}

/** One way in which the cluster differs from a snapshot. */
export interface Difference {
  readonly what: 'missing' | 'added' | 'changed';
  /** `deployments istio-system/istiod`. */
  readonly object: string;
  /** Dotted paths of the fields that differ; empty for missing and added objects. */
  readonly fields: readonly string[];
}

/** Name of a recorded object, for people. */
export function recordedName({ collection, namespace, name }: RecordedObject): string {
  const plural = collection.split('/').at(-1) ?? collection;
  return `${plural} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

/** Everything in which `now` differs from `before`, objects and the labels of namespaces that both know. */
export function differences(before: Snapshot, now: Snapshot): Difference[] {
  const found: Difference[] = [];
  const current = new Map(now.objects.map((entry) => [keyOf(entry), entry]));
  for (const entry of before.objects) {
    const other = current.get(keyOf(entry));
    current.delete(keyOf(entry));
    if (other === undefined) found.push({ what: 'missing', object: recordedName(entry), fields: [] });
    else found.push(...changedFields(entry, other));
  }
  for (const entry of [...current.values()].filter(mayNotStay)) {
    found.push({ what: 'added', object: recordedName(entry), fields: [] });
  }
  for (const [namespace, labels] of Object.entries(before.namespaces)) {
    const patch = mergePatchBetween(now.namespaces[namespace] ?? labels, labels);
    if (patch !== null)
      found.push({ what: 'changed', object: `labels of namespace ${namespace}`, fields: Object.keys(patch) });
  }
  return found;
}

/** A CRD that the new release added stays: with it everybody's objects of that kind would go, and the old one ignores it. */
function mayNotStay({ collection }: RecordedObject): boolean {
  return !collection.endsWith('/customresourcedefinitions');
}

function changedFields(before: RecordedObject, now: RecordedObject): Difference[] {
  const patch = mergePatchBetween(
    decidedPart(now.collection, now.object),
    decidedPart(before.collection, before.object),
  );
  return patch === null ? [] : [{ what: 'changed', object: recordedName(before), fields: pathsOf(patch) }];
}

/** What a webhook of before `admissionregistration.k8s.io/v1` may say, and a new one of that version may not. */
const OLD_SIDE_EFFECTS = ['Unknown', 'Some'];

/**
 * The API version through which an object can be created again: the one it was read by, but for webhooks that the newer version
 * refuses in a new object. The injector of 1.5 is one; the servers that it can run on all serve the older version.
 */
export function creatableApi(api: string, object: Readonly<Record<string, unknown>>): string {
  const webhooks = (object['webhooks'] ?? []) as readonly { readonly sideEffects?: string }[];
  const isOld = webhooks.some(({ sideEffects = '' }) => OLD_SIDE_EFFECTS.includes(sideEffects));
  return isOld ? api.replace(/\/v1$/, '/v1beta1') : api;
}

/** A key that is the same for the same object in two snapshots. */
export function keyOf({ collection, namespace, name }: RecordedObject): string {
  return `${collection} ${namespace ?? ''}/${name}`;
}

/** The dotted paths of the fields that a merge patch sets or removes. */
export function pathsOf(patch: JsonObject, prefix = ''): string[] {
  return Object.entries(patch).flatMap(([key, value]) =>
    isObject(value) ? pathsOf(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}
