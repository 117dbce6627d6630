import { workloadKeyOf } from '../../domain/pod-owner.js';
import { asPod } from '../workloads/owned-pods.js';
import { placesOf, type Keeping } from './store-board.js';
import type { KubeObject, ManagedFields, Resource } from './types.js';

type Fields = Readonly<Record<string, unknown>>;

/** What an annotation may be long and is never asked for. */
const NOISE = ['kubectl.kubernetes.io/last-applied-configuration'];

/**
 * How the store of a collection keeps its objects: pods by whom they belong to and by namespace, and only what is asked of
 * them; all others without what nobody asks for, for a mesh has thousands of workloads.
 */
export function keepingOf(resource: Resource): Keeping {
  return isOfPods(resource) ? { slim: slimPod, keysOf: podKeys } : { slim: leanObject };
}

/** What is kept of an object of a list: of pods everything but what nobody here asks for, and that is most of them. */
export function leanOf(resource: Resource): (object: KubeObject) => KubeObject {
  return isOfPods(resource) ? leanPod : (object) => object;
}

function isOfPods({ api, plural }: Resource): boolean {
  return api === 'v1' && plural === 'pods';
}

function podKeys(object: KubeObject): readonly string[] {
  return [workloadKeyOf(asPod(object)), ...placesOf(object)];
}

/** An object whose writers stay known, but for those who report: nobody is asked who wrote a status. */
function leanObject(object: KubeObject): KubeObject {
  const { managedFields } = object.metadata;
  const writers = managedFields && { managedFields: decidingAmong(managedFields).map(withoutStatus) };
  return { ...object, metadata: { ...leanMetadata(object), ...writers } };
}

/** Entries of subresources are those of controllers that report, not of somebody who decides. */
export function decidingAmong(managedFields: readonly ManagedFields[]): ManagedFields[] {
  return managedFields.filter(({ subresource = '' }) => subresource === '');
}

function withoutStatus({ fieldsV1, ...write }: ManagedFields): ManagedFields {
  return fieldsV1 === undefined ? write : { ...write, fieldsV1: without(fieldsV1, ['f:status']) };
}

/** What a container is started with and looked after by. */
const OF_CONTAINERS = [
  'args',
  'command',
  'env',
  'envFrom',
  'volumeMounts',
  'securityContext',
  'lifecycle',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
];

function leanPod(object: KubeObject): KubeObject {
  const spec = object['spec'] as Fields | undefined;
  return {
    ...object,
    metadata: leanMetadata(object),
    ...(spec !== undefined && {
      spec: { ...without(spec, ['volumes', 'tolerations']), ...leanContainers(spec, ['containers', 'initContainers']) },
    }),
  };
}

function leanContainers(spec: Fields, names: readonly string[]): Fields {
  const lean = (from: unknown) => (from as readonly Fields[]).map((entry) => without(entry, OF_CONTAINERS));
  return Object.fromEntries(names.flatMap((name) => (name in spec ? [[name, lean(spec[name])]] : [])));
}

function leanMetadata(object: KubeObject): KubeObject['metadata'] {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  const { annotations } = metadata;
  return annotations === undefined ? metadata : { ...metadata, annotations: without(annotations, NOISE) };
}

/** A pod, as far as the domain asks about it. A mesh has ten thousand, and the whole of each is some twenty kilobytes. */
export function slimPod(object: KubeObject): KubeObject {
  const spec = (object['spec'] ?? {}) as Fields;
  const status = (object['status'] ?? {}) as Fields;
  return {
    metadata: leanMetadata(object),
    spec: {
      ...pick(spec, ['hostNetwork', 'nodeName', 'serviceAccountName']),
      containers: pickAll(spec['containers'], ['name', 'image']),
      ...('initContainers' in spec && { initContainers: pickAll(spec['initContainers'], ['name', 'image']) }),
    },
    status: {
      ...pick(status, ['phase', 'conditions', 'reason']),
      ...('containerStatuses' in status && { containerStatuses: pickAll(status['containerStatuses'], STATUS) }),
      ...('initContainerStatuses' in status && {
        initContainerStatuses: pickAll(status['initContainerStatuses'], STATUS),
      }),
    },
  };
}

const STATUS = ['name', 'restartCount', 'state', 'lastState'];

function pick(from: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])));
}

function without<Value>(from: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

function pickAll(from: unknown, names: readonly string[]): readonly Fields[] {
  return ((from ?? []) as readonly Fields[]).map((entry) => pick(entry, names));
}
