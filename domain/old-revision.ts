import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from './names.js';
import type { Route } from './plan.js';
import type { RecordedObject, Snapshot } from './snapshot.js';

/** Service that validation calls by its name, whichever revision is installed: it stays and is pointed elsewhere. */
export const DEFAULT_SERVICE = 'istiod';

/**
 * What an installation of Istio 1.5 and 1.6 writes for one revision only, by collection, without the revision's suffix.
 * Everything else is shared: gateways, accounts, roles, CRDs, the validation webhook (docs/explanation/finalise.md).
 */
const OWN_NAMES: Readonly<Record<string, readonly string[]>> = {
  mutatingwebhookconfigurations: ['istio-sidecar-injector'],
  deployments: ['istiod'],
  horizontalpodautoscalers: ['istiod'],
  poddisruptionbudgets: ['istiod'],
  services: ['istiod'],
  configmaps: ['istio', 'istio-sidecar-injector', 'pilot-jwks-extra-cacerts'],
  istiooperators: ['installed-state'],
};

/** First what must not be asked any more, then what runs, then what that reads, last the installer's memory of it. */
const ORDER = [
  'mutatingwebhookconfigurations',
  'horizontalpodautoscalers',
  'poddisruptionbudgets',
  'deployments',
  'services',
  'envoyfilters',
  'configmaps',
  'istiooperators',
];

/** `deployments`, of a recorded object's collection `apps/v1/deployments`. */
export function pluralOf({ collection }: Pick<RecordedObject, 'collection'>): string {
  return collection.split('/').at(-1) ?? collection;
}

/** The revision that an object says it belongs to; null when it says none. */
export function revisionOf({ object }: Pick<RecordedObject, 'object'>): string | null {
  const { labels } = (object['metadata'] ?? {}) as { readonly labels?: Readonly<Record<string, string>> };
  return labels?.[REVISION_LABEL] ?? null;
}

/** The objects of a snapshot that belong to the old control plane alone, in the order in which they are removed. */
export function ownObjects(snapshot: Pick<Snapshot, 'objects'>, { from }: Pick<Route, 'from'>): RecordedObject[] {
  return snapshot.objects
    .filter((entry) => isOwn(entry, from.revision))
    .sort((a, b) => ORDER.indexOf(pluralOf(a)) - ORDER.indexOf(pluralOf(b)));
}

/** Whether an object is the revision's own, by its name and, where it has one, by its label. */
export function isOwn(entry: RecordedObject, revision: string): boolean {
  const plural = pluralOf(entry);
  const label = revisionOf(entry);
  if (entry.namespace !== null && entry.namespace !== ISTIO_NAMESPACE) return false;
  if (plural === 'services' && entry.name === DEFAULT_SERVICE) return false;
  // Those that the charts write for each version of the proxy; their names tell nothing of the revision.
  if (plural === 'envoyfilters') return label === revision;
  if (label !== null && label !== revision) return false;
  const suffix = revision === DEFAULT_REVISION ? '' : `-${revision}`;
  return (OWN_NAMES[plural] ?? []).some((name) => entry.name === `${name}${suffix}`);
}
