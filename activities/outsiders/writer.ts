import type { Writer } from '../../domain/outside-change.js';
import { decidingAmong } from '../kube/keeping.js';
import type { KubeObject, ManagedFields } from '../kube/types.js';

/** How Meshlift's own client names itself to the API server. */
const OURSELVES = 'meshlift';
/** Ourselves, and controllers that only report. */
const NOBODY_TO_ASK = /^$|^meshlift$|^kube-controller-manager$/;

/**
 * Who made a change, as far as the API server knows: the newest owner of one of the fields. Where a field was removed nobody
 * owns it, and the API server does not tell who did it: whoever else has written the object is a hint, never the answer.
 * @param fields paths of `f:` keys below the object, for instance `['f:metadata', 'f:labels', 'f:istio.io/rev']`
 * @param before the object before the change, where it was seen: who has not written since did not make it
 */
export function writerOf(after: KubeObject, fields: readonly (readonly string[])[], before?: KubeObject): Writer {
  // Who loses a field to another writer keeps the time of his own last write.
  const known = new Set((before?.metadata.managedFields ?? []).map(writeOf));
  const fresh = entriesOf(after).filter((entry) => !known.has(writeOf(entry)));
  const manager = newest(fresh.filter((entry) => fields.some((path) => owns(entry, path))))?.manager ?? null;
  const other = newest(entriesOf(after).filter((entry) => !NOBODY_TO_ASK.test(entry.manager ?? '')))?.manager;
  return { manager, marks: marksOf(after), ...(manager !== null || other === undefined ? {} : { other }) };
}

/** Whether Meshlift itself is the last writer of a field. */
export function isOurs(object: KubeObject, field: readonly string[]): boolean {
  return newest(entriesOf(object).filter((entry) => owns(entry, field)))?.manager === OURSELVES;
}

/** Labels and annotations together: GitOps tools mark what is theirs by either. */
export function marksOf({ metadata }: KubeObject): Readonly<Record<string, string>> {
  return { ...metadata.labels, ...metadata.annotations };
}

/** One write of one manager. */
function writeOf({ manager, operation, time }: ManagedFields): string {
  return JSON.stringify([manager, operation, time]);
}

function entriesOf({ metadata }: KubeObject): ManagedFields[] {
  return decidingAmong(metadata.managedFields ?? []);
}

function owns({ fieldsV1 }: ManagedFields, path: readonly string[]): boolean {
  let tree: unknown = fieldsV1;
  for (const key of path) {
    if (typeof tree !== 'object' || tree === null || !(key in tree)) return false;
    tree = (tree as Record<string, unknown>)[key];
  }
  return tree !== undefined;
}

function newest(entries: readonly ManagedFields[]): ManagedFields | undefined {
  return [...entries].sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0];
}
