import { named } from '../../../domain/named.js';
import type { Check } from '../check.js';

/** Kinds of security policy that 1.6 does not read any more (pitfalls 4a.6). */
const IGNORED_POLICIES = [
  ['authentication.istio.io/v1alpha1', 'policies'],
  ['authentication.istio.io/v1alpha1', 'meshpolicies'],
  ['rbac.istio.io/v1alpha1', 'clusterrbacconfigs'],
  ['rbac.istio.io/v1alpha1', 'rbacconfigs'],
  ['rbac.istio.io/v1alpha1', 'serviceroles'],
  ['rbac.istio.io/v1alpha1', 'servicerolebindings'],
] as const;

/** What protects the mesh today would silently protect nothing tomorrow. */
export const ignoredPolicies: Check = {
  id: 'MESH017',
  look: async ({ reader }) => {
    const found = await Promise.all(
      IGNORED_POLICIES.map(async ([api, plural]) => {
        const items = await reader.list(api, plural);
        return items.map(({ metadata }) => `${plural} ${metadata.namespace ?? ''}/${metadata.name}`);
      }),
    );
    const names = found.flat();
    if (names.length === 0) return [];
    return [
      {
        reason: 'UnsupportedSource',
        message: `From 1.6 on these v1alpha1 security policies are ignored: ${named(names)}.`,
        remedy:
          'Translate them to AuthorizationPolicy, PeerAuthentication and RequestAuthentication first, then delete them.',
      },
    ];
  },
};
