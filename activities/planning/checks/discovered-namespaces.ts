import { parse } from 'yaml';
import { selects, type LabelSelector } from '../../../domain/label-selector.js';
import { named } from '../../../domain/named.js';
import { DEFAULT_REVISION, inRevision, ISTIO_NAMESPACE } from '../../../domain/names.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';

/** Releases that know discoverySelectors see nothing of a namespace that none of them selects (pitfalls 4b). */
export const discoveredNamespaces: Check = {
  id: 'MESH050',
  look: async ({ reader, target, plan, release, cluster }) => {
    const [configMaps, namespaces, { given }] = await Promise.all([
      reader.list('v1', 'configmaps'),
      reader.list('v1', 'namespaces'),
      target.manifests(),
    ]);
    const from = plan.route?.from.revision ?? DEFAULT_REVISION;
    const oldName = inRevision('istio', from);
    const maps = [
      configMaps.find(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE && metadata.name === oldName),
      given.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === inRevision('istio', release.revision),
      ),
    ];
    const moved = plan.waves.flatMap((wave) => wave.namespaces);
    const hidden = maps.flatMap((map) => {
      const selectors = selectorsIn(map);
      if (selectors.length === 0) return [];
      const seen = (labels = {}) => selectors.some((selector) => selects(selector, labels));
      return namespaces
        .filter(({ metadata }) => moved.includes(metadata.name) && !seen(metadata.labels))
        .map(({ metadata }) => metadata.name);
    });
    const names = [...new Set(hidden)];
    if (names.length === 0) return [];
    return [
      {
        reason: 'NotDiscovered',
        message: `No discoverySelector of the mesh configuration of cluster ${cluster.id} selects ${named(names)}: a control plane that knows them gives those proxies nothing.`,
        remedy: 'Label the namespaces so that a selector finds them, or exclude them.',
        command: `kubectl -n istio-system get configmap ${oldName} -o yaml`,
      },
    ];
  },
};

function selectorsIn(map: KubeObject | undefined): readonly LabelSelector[] {
  const text = (map?.['data'] as Readonly<Record<string, string>> | undefined)?.['mesh'];
  const mesh = (text === undefined ? {} : parse(text)) as { discoverySelectors?: readonly LabelSelector[] };
  return mesh.discoverySelectors ?? [];
}
