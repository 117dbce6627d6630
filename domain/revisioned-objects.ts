import { COMPONENT_LABEL, ISTIO_NAMESPACE, REVISION_LABEL, revisionSuffix, TAG_LABEL } from './names.js';
import { recordedLabels, type RecordedObject } from './snapshot.js';

/**
 * What the charts of current Istio write for one revision, by collection. istioctl labels all of it; Helm leaves some of it
 * without a label, and older charts more, so that the name decides there.
 */
const OWN_NAMES: Readonly<Record<string, (suffix: string) => readonly string[]>> = {
  mutatingwebhookconfigurations: (suffix) => [
    `istio-sidecar-injector${suffix}`,
    `istio-sidecar-injector${suffix}-istio-system`,
  ],
  validatingwebhookconfigurations: (suffix) => [`istio-validator${suffix}-istio-system`],
  deployments: (suffix) => [`istiod${suffix}`],
  horizontalpodautoscalers: (suffix) => [`istiod${suffix}`],
  poddisruptionbudgets: (suffix) => [`istiod${suffix}`],
  services: (suffix) => [`istiod${suffix}`],
  serviceaccounts: (suffix) => [`istiod${suffix}`],
  roles: (suffix) => [`istiod${suffix}`, `istiod${suffix}-istio-system`],
  rolebindings: (suffix) => [`istiod${suffix}`, `istiod${suffix}-istio-system`],
  configmaps: (suffix) => [`istio${suffix}`, `istio-sidecar-injector${suffix}`, `values${suffix}`],
  clusterroles: clusterNames,
  clusterrolebindings: clusterNames,
};

function clusterNames(suffix: string): readonly string[] {
  return ['istiod-clusterrole', 'istiod-gateway-controller', 'istio-reader-clusterrole'].map(
    (name) => `${name}${suffix}-istio-system`,
  );
}

/** Whether an object belongs to one revision of current Istio alone: not a tag, not a gateway, nothing that all share. */
export function isOwnRevisioned(entry: RecordedObject, revision: string): boolean {
  const labels = recordedLabels(entry);
  const component = labels[COMPONENT_LABEL];
  const label = labels[REVISION_LABEL] ?? revision;
  if (!isInMesh(entry) || labels[TAG_LABEL] !== undefined || label !== revision) return false;
  if (component !== undefined && component !== 'Pilot') return false;
  return isNamedFor(entry, revision) || (component === 'Pilot' && labels[REVISION_LABEL] !== undefined);
}

function isInMesh({ namespace }: RecordedObject): boolean {
  return namespace === null || namespace === ISTIO_NAMESPACE;
}

function isNamedFor({ collection, name }: RecordedObject, revision: string): boolean {
  const suffix = revisionSuffix(revision);
  return OWN_NAMES[collection.split('/').at(-1) ?? '']?.(suffix).includes(name) === true;
}
