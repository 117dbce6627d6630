import type { KubeObject } from '../../kube/types.js';
import type { Check, Found } from '../check.js';

interface Patches {
  readonly configPatches?: readonly { readonly match?: { readonly proxy?: { readonly proxyVersion?: string } } }[];
}

/** A filter for another proxy version stops to apply without a word, and with it what it protected (pitfalls 4b). */
export const pinnedFilters: Check = {
  id: 'MESH043',
  look: async ({ reader, release }) => {
    const filters = await reader.list('networking.istio.io/v1alpha3', 'envoyfilters');
    return filters
      .filter((filter) => !isIstiosOwn(filter))
      .flatMap((filter): Found[] => {
        const { namespace = '', name } = filter.metadata;
        const pinned = versionsIn(filter).filter((pattern) => !matches(pattern, release.version));
        if (pinned.length === 0) return [];
        return [
          {
            reason: 'WouldNotApply',
            message: `EnvoyFilter ${namespace}/${name} is written for proxies of version ${pinned.map((pattern) => `"${pattern}"`).join(', ')}; ${release.version} is not one of them, so it would silently not apply.`,
            remedy: 'Add a patch for the new proxy version beside the old one, and keep both during the upgrade.',
            command: `kubectl -n ${namespace} edit envoyfilter ${name}`,
          },
        ];
      });
  },
};

/** Those that istioctl installs come with each revision. */
export function isIstiosOwn({ metadata }: KubeObject): boolean {
  const { labels = {} } = metadata;
  return (
    labels['operator.istio.io/component'] !== undefined ||
    labels['install.operator.istio.io/owning-resource'] !== undefined
  );
}

/** Patterns for which no other patch of the same filter covers the rest: each patch is judged by itself. */
function versionsIn(filter: KubeObject): string[] {
  const { configPatches = [] } = (filter['spec'] ?? {}) as Patches;
  const patterns = configPatches.flatMap(({ match }) => match?.proxy?.proxyVersion ?? []);
  return [...new Set(patterns)];
}

/** Envoy's pattern is RE2; what JavaScript cannot read is taken for one that does not match. */
function matches(pattern: string, version: string): boolean {
  try {
    return new RegExp(pattern).test(version);
  } catch {
    return false;
  }
}
