import type { Check } from '../check.js';

/** Kubernetes minors on which a minor of Istio can be installed: both use APIs that are gone in 1.22 (pitfalls 4b). */
const SOURCE_RANGES: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  '1.5': { min: 14, max: 21 },
  '1.6': { min: 15, max: 21 },
};

/** Going back means that the old version is installed, or at least restarted, on this Kubernetes. */
export const sourceKubernetesRange: Check = {
  id: 'MESH031',
  look: ({ plan, mesh, cluster }) => {
    const version = plan.route?.from.version ?? '';
    const range = SOURCE_RANGES[version.split('.').slice(0, 2).join('.')];
    const current = Number(mesh.kubernetes.split('.')[1] ?? Number.NaN);
    if (range === undefined || (current >= range.min && current <= range.max)) return [];
    return [
      {
        reason: 'UnsupportedSource',
        message: `Cluster ${cluster.id} runs Kubernetes ${mesh.kubernetes}; Istio ${version} runs on 1.${range.min} to 1.${range.max}, so it could not be brought back.`,
        remedy: 'Bring Kubernetes into that range first.',
      },
    ];
  },
};
