import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../../domain/names.js';
import { DEFAULT_SERVICE, pluralOf } from '../../../domain/old-revision.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { recordOperation } from '../../audit/operation.js';
import type { KubeObject, Resource } from '../../kube/types.js';
import { restoreObject } from '../../rollback/restore.js';
import { askingFor } from '../../workloads/injection-labels.js';
import { untilServed } from '../default-service.js';
import type { MeshDriver, Step } from './driver.js';

const SERVICE: Resource = { api: 'v1', plural: 'services', namespace: ISTIO_NAMESPACE, name: DEFAULT_SERVICE };

/** The guide's path: 1.5 and 1.6 to 1.6.14. No tags; gateways are replaced in place by the installation itself. */
export const asm16: MeshDriver = {
  name: 'asm-1.6',
  detect: (source, release) => ({
    from: {
      version: source.version,
      revision: source.revision,
      // The injector of 1.6 labels pods with its revision; 1.5 writes no such label, there only the image tells.
      sidecar: { revision: source.version.startsWith('1.5.') ? null : source.revision, proxyTag: source.version },
    },
    to: {
      version: release.version,
      revision: release.revision,
      sidecar: { revision: release.revision, proxyTag: release.version },
    },
  }),
  install: () => Promise.resolve([]),
  verify: () => Promise.resolve(null),
  move: (_kube, { to }) => Promise.resolve(askingFor(to.revision)),
  restore: restoreDefaultService,
  retire: adoptDefaultService,
  keepsValidation: () => true,
};

/**
 * Points Service `istiod` at the new revision before anything is deleted. The guide deletes it; then every Istio object is
 * refused, and a minute later none is checked any more (pitfalls 4a.1).
 * @throws ControlPlaneNotReady when the Service gets no ready endpoint of the new revision
 */
async function adoptDefaultService({ context, run, route, signal }: Step): Promise<void> {
  const { kube } = context.access(run.cluster);
  const current = await kube.get(SERVICE);
  // Without the Service there is nothing that points at the old control plane by that name.
  if (current === null) return;
  const wanted = { app: 'istiod', [REVISION_LABEL]: route.to.revision };
  const selector = { ...Object.fromEntries(Object.keys(selectorOf(current)).map((key) => [key, null])), ...wanted };
  // The label too: whoever removes or counts what is the old revision's must not find this Service.
  const patch = { metadata: { labels: { [REVISION_LABEL]: route.to.revision } }, spec: { selector } };
  const place = ['service', DEFAULT_SERVICE, '-n', ISTIO_NAMESPACE];
  const argv = ['kubectl', 'patch', ...place, '--type', 'merge', '-p', JSON.stringify(patch)];
  await recordOperation(context.journal, run, { id: 'adopt-service', argv, mutating: true }, async () => {
    const isLabelled = current.metadata.labels?.[REVISION_LABEL] === route.to.revision;
    if (isLabelled && sameSelector(selectorOf(current), wanted)) return { outcome: 'unchanged', value: undefined };
    await kube.mergePatch(SERVICE, patch);
    return { outcome: 'succeeded', value: undefined };
  });
  await untilServed(kube, run, route.to.revision, signal);
}

/** Only Service `istiod` of a control plane without a revision was pointed elsewhere. */
async function restoreDefaultService({ context, run, route, signal }: Step, before: Snapshot): Promise<void> {
  const service = before.objects.find((entry) => pluralOf(entry) === 'services' && entry.name === DEFAULT_SERVICE);
  if (service === undefined) return;
  await restoreObject(context, run, service);
  if (route.from.revision !== DEFAULT_REVISION) return;
  await untilServed(context.access(run.cluster).kube, run, route.from.revision, signal);
}

function selectorOf(service: KubeObject): Readonly<Record<string, string>> {
  return (service['spec'] as { selector?: Record<string, string> }).selector ?? {};
}

function sameSelector(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(b).every((key) => a[key] === b[key]);
}
