import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL, revisionSuffix, TAG_LABEL } from '../../../domain/names.js';
import { lostSettings, type LostSetting } from '../../../domain/settings-diff.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check, CheckInput } from '../check.js';
import { settingsOf } from './installed-settings.js';
import { lostFinding } from './options-kept.js';
import { ofVersion } from './version-differences.js';

const COLLECTIONS = [
  ['v1', 'configmaps', 'ConfigMap'],
  ['v1', 'services', 'Service'],
  ['apps/v1', 'deployments', 'Deployment'],
  ['autoscaling/v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'],
] as const;

/**
 * What runs may differ from what was installed: somebody edited the mesh configuration or a Deployment by hand, and
 * the new control plane would not have it. What 1.5 was given can be seen only here.
 */
export const settingsKept: Check = {
  id: 'MESH039',
  look: async (input) => {
    const { target, release, plan } = input;
    const [running, rendered] = await Promise.all([installedObjects(input), target.manifests()]);
    const revision = plan.route?.from.revision ?? DEFAULT_REVISION;
    const old = settingsOf(running, revisionSuffix(revision));
    const [given, plain] = [rendered.given, rendered.plain].map((objects) =>
      settingsOf(objects, revisionSuffix(release.revision)),
    );
    const lost = lostSettings(old, given ?? new Map(), plain ?? new Map());
    const real = lost.filter((setting) => !ofVersion(plan.route?.from.version ?? '', setting));
    return real.length === 0 ? [] : [lostFinding(input, real, `${objectsIn(real)} of istio-system hold`)];
  },
};

/** What istioctl installed for the old revision, and what belongs to no revision: gateways. */
async function installedObjects({ reader, plan }: CheckInput): Promise<KubeObject[]> {
  const revision = plan.route?.from.revision ?? DEFAULT_REVISION;
  const perKind = await Promise.all(
    COLLECTIONS.map(async ([api, plural, kind]) => {
      const objects = await reader.list(api, plural);
      // Lists of the API server do not say the kind of their items.
      return objects.filter((object) => isInstalled(object, revision)).map((object) => ({ ...object, kind }));
    }),
  );
  return perKind.flat();
}

function isInstalled({ metadata }: KubeObject, revision: string): boolean {
  const { labels = {}, namespace } = metadata;
  // A tag goes on as it is, and leads elsewhere.
  if (namespace !== ISTIO_NAMESPACE || labels[TAG_LABEL] !== undefined) return false;
  const own = labels[REVISION_LABEL] ?? revision;
  return own === revision && (labels['release'] === 'istio' || labels['operator.istio.io/managed'] !== undefined);
}

/** `ConfigMap istio and Deployment istiod`. */
function objectsIn(lost: readonly LostSetting[]): string {
  return [...new Set(lost.map(({ path }) => path.split(/[.[]/)[0] ?? path))].join(' and ');
}
