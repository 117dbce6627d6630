import type { Check } from '../check.js';

/** The release must run on the Kubernetes that is there: 1.6 needs APIs that are gone in 1.22 (pitfalls 4b), current Istio names its range. */
export const kubernetesRange: Check = {
  id: 'MESH011',
  look: ({ mesh, release, cluster }) => {
    const current = minorNumber(mesh.kubernetes);
    const { min, max } = release.kubernetes;
    if (current >= minorNumber(min) && current <= minorNumber(max)) return [];
    return [
      {
        reason: 'UnsupportedSource',
        message: `Cluster ${cluster.id} runs Kubernetes ${mesh.kubernetes}; ${release.version} runs on ${min} to ${max}.`,
        remedy: 'Upgrade Kubernetes first, or choose another release.',
      },
    ];
  },
};

/** `21` of `1.21`. */
export function minorNumber(text: string): number {
  return Number(text.split('.')[1] ?? Number.NaN);
}
