import {
  COMPONENT_LABEL,
  DEFAULT_REVISION,
  ISTIO_NAMESPACE,
  OWNER_LABEL,
  REVISION_LABEL,
  revisionSuffix,
} from './names.js';
import { driverOf, type Route } from './plan.js';
import { needsSourceArchive } from './release.js';
import { isOwnRevisioned } from './revisioned-objects.js';
import { keyOf, recordedLabels, type RecordedObject, type Snapshot } from './snapshot.js';

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

/**
 * What an installation of 1.5 writes besides, and 1.6 neither takes over nor reads: seen by comparing what the two installers
 * render. Not here: Gateway `istio-ingressgateway` and Sidecar `default`, which people's own configuration may rely on.
 */
const ONLY_1_5: Readonly<Record<string, RegExp>> = {
  services: /^istio-pilot$/,
  configmaps: /^pilot-envoy-config$/,
  serviceaccounts: /^istio-pilot-service-account$/,
  clusterroles: /^istio-(pilot|galley)-istio-system$/,
  clusterrolebindings: /^(istio-pilot|istiod)-istio-system$/,
  // Their patches match proxies of 1.4 and 1.5 only.
  envoyfilters: /^(metadata-exchange|stats-filter|tcp-metadata-exchange|tcp-stats-filter)-1\.[45]$/,
  // An empty one that 1.5 leaves in place of Galley's own.
  validatingwebhookconfigurations: /^istio-galley$/,
};

/** First what must not be asked any more, then what runs, then what that reads, last the installer's memory of it. */
const ORDER = [
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'horizontalpodautoscalers',
  'poddisruptionbudgets',
  'deployments',
  'services',
  'envoyfilters',
  'configmaps',
  'rolebindings',
  'roles',
  'clusterrolebindings',
  'clusterroles',
  'serviceaccounts',
  'istiooperators',
];

/** `deployments`, of a recorded object's collection `apps/v1/deployments`. */
export function pluralOf({ collection }: Pick<RecordedObject, 'collection'>): string {
  return collection.split('/').at(-1) ?? collection;
}

/** The revision that an object says it belongs to; null when it says none. */
export function revisionOf(entry: Pick<RecordedObject, 'object'>): string | null {
  return recordedLabels(entry)[REVISION_LABEL] ?? null;
}

/** Whether labels are those of the istiod of a revision; one without a revision's label is the default one. */
export function isIstiodOf(labels: Readonly<Record<string, string>> = {}, revision: string): boolean {
  return labels['app'] === 'istiod' && (labels[REVISION_LABEL] ?? DEFAULT_REVISION) === revision;
}

/** The installation that an object says it belongs to, by the mark of the installer of 1.6; null when it says none. */
export function installationOf(entry: Pick<RecordedObject, 'object'>): string | null {
  return recordedLabels(entry)[OWNER_LABEL] ?? null;
}

/** Whether another installation has made an object its own since it was recorded. */
export function isTakenOver(recorded: Pick<RecordedObject, 'object'>, now: Pick<RecordedObject, 'object'>): boolean {
  const owner = installationOf(now);
  return owner !== null && owner !== installationOf(recorded);
}

/** What tells the old control plane's objects from others. */
type OldSide = Pick<Route, 'driver' | 'from'>;

/** The objects of a snapshot that belong to the old control plane alone, in the order in which they are removed. */
export function ownObjects(snapshot: Pick<Snapshot, 'objects'>, route: OldSide): RecordedObject[] {
  return snapshot.objects
    .filter((entry) => isOwn(entry, route) || (needsSourceArchive(route.from.version) && isOnlyOf15(entry)))
    .sort((a, b) => ORDER.indexOf(pluralOf(a)) - ORDER.indexOf(pluralOf(b)));
}

/** Whether an object is the old revision's own, as its generation of installers names and labels things. */
export function isOwn(entry: RecordedObject, route: OldSide): boolean {
  const driver = driverOf(route);
  switch (driver) {
    case 'asm-1.6':
      return isOwnOf16(entry, route.from.revision);
    case 'istio-revisioned':
      return isOwnRevisioned(entry, route.from.revision);
    default:
      return driver satisfies never;
  }
}

/** By its name and, where it has one, by its label. */
function isOwnOf16(entry: RecordedObject, revision: string): boolean {
  const plural = pluralOf(entry);
  const label = revisionOf(entry);
  if (entry.namespace !== null && entry.namespace !== ISTIO_NAMESPACE) return false;
  if (plural === 'services' && entry.name === DEFAULT_SERVICE) return false;
  // Those that the charts write for each version of the proxy; their names tell nothing of the revision.
  if (plural === 'envoyfilters') return label === revision;
  if (label !== null && label !== revision) return false;
  const suffix = revisionSuffix(revision);
  return (OWN_NAMES[plural] ?? []).some((name) => entry.name === `${name}${suffix}`);
}

/** Whether the installer of 1.5 has written an object, for itself alone. */
function isOnlyOf15(entry: RecordedObject): boolean {
  const { webhooks } = entry.object;
  if (recordedLabels(entry)[COMPONENT_LABEL] === undefined || revisionOf(entry) !== null) return false;
  // A webhook that is called may be somebody's validation, whatever its configuration is called.
  if (Array.isArray(webhooks) && webhooks.length > 0) return false;
  return ONLY_1_5[pluralOf(entry)]?.test(entry.name) === true;
}

/**
 * What installing 1.5 again has added: it carries that installer's mark and no other one, and was there neither when the run
 * began nor right before. Never a CRD: with it everybody's objects of that kind would go.
 * @param known keys of what was there right before
 */
export function addedBy15(before: Snapshot, known: ReadonlySet<string>, now: Snapshot): RecordedObject[] {
  const recorded = new Set(before.objects.map(keyOf));
  return now.objects.filter((entry) => {
    const isNew = !recorded.has(keyOf(entry)) && !known.has(keyOf(entry));
    const isOf15 = recordedLabels(entry)[COMPONENT_LABEL] !== undefined && revisionOf(entry) === null;
    return isNew && isOf15 && installationOf(entry) === null && pluralOf(entry) !== 'customresourcedefinitions';
  });
}
