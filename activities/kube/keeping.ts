import { workloadKeyOf } from '../../domain/pod-owner.js';
import { asPod } from '../workloads/owned-pods.js';
import { placesOf, type Keeping } from './store-board.js';
import type { KubeObject, Resource } from './types.js';

type Fields = Readonly<Record<string, unknown>>;

/** What an annotation may be long and is never asked for. */
const NOISE = ['kubectl.kubernetes.io/last-applied-configuration'];

/** How the store of a collection keeps its objects: pods by whom they belong to and by namespace, and only what is asked of them. */
export function keepingOf({ api, plural }: Resource): Keeping {
  return api === 'v1' && plural === 'pods' ? { slim: slimPod, keysOf: podKeys } : {};
}

function podKeys(object: KubeObject): readonly string[] {
  return [workloadKeyOf(asPod(object)), ...placesOf(object)];
}

/** A mesh has ten thousand pods, and the whole of each is some twenty kilobytes. */
function slimPod(object: KubeObject): KubeObject {
  const { annotations = {} } = object.metadata;
  const spec = (object['spec'] ?? {}) as Fields;
  const status = (object['status'] ?? {}) as Fields;
  return {
    metadata: {
      ...object.metadata,
      managedFields: [],
      annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => !NOISE.includes(name))),
    },
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

function pickAll(from: unknown, names: readonly string[]): readonly Fields[] {
  return ((from ?? []) as readonly Fields[]).map((entry) => pick(entry, names));
}
