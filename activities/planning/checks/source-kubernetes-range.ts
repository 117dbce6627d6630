import { supportOf } from '../../../domain/istio-support.js';
import type { Check, CheckInput, Found } from '../check.js';
import { minorNumber } from './kubernetes-range.js';

/** Kubernetes minors on which a minor of Istio can be installed: both use APIs that are gone in 1.22 (pitfalls 4b). */
const SOURCE_RANGES: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  '1.5': { min: 14, max: 21 },
  '1.6': { min: 15, max: 21 },
};

/** Going back means that the old version is installed, or at least restarted, on this Kubernetes. */
export const sourceKubernetesRange: Check = {
  id: 'MESH031',
  look: (input) => (input.release.driver === 'istio-revisioned' ? unsupportedSource(input) : unusableSource(input)),
};

function unusableSource({ plan, mesh, cluster }: CheckInput): Found[] {
  const version = plan.route?.from.version ?? '';
  const range = SOURCE_RANGES[version.split('.').slice(0, 2).join('.')];
  const current = minorNumber(mesh.kubernetes);
  if (range === undefined || (current >= range.min && current <= range.max)) return [];
  return [
    {
      reason: 'UnsupportedSource',
      message: `Cluster ${cluster.id} runs Kubernetes ${mesh.kubernetes}; Istio ${version} runs on 1.${range.min} to 1.${range.max}, so it could not be brought back.`,
      remedy: 'Bring Kubernetes into that range first.',
    },
  ];
}

/** It runs there, and its control plane stays until the end: out of support is a risk for the way back, not its end. */
function unsupportedSource({ plan, mesh, cluster }: CheckInput): Found[] {
  const version = plan.route?.from.version ?? '';
  const range = supportOf(version)?.kubernetes;
  const current = minorNumber(mesh.kubernetes);
  if (range === undefined || (current >= minorNumber(range.min) && current <= minorNumber(range.max))) return [];
  return [
    {
      severity: 'warning',
      reason: 'UnsupportedSource',
      message: `Cluster ${cluster.id} runs Kubernetes ${mesh.kubernetes}; Istio ${version} is supported on ${range.min} to ${range.max}, and a rollback would go back to it.`,
      remedy: 'Know that before a rollback; it runs there today, but nobody tests it.',
    },
  ];
}
