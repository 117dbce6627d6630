import { parseVersion } from '../../../domain/version.js';
import type { Check } from '../check.js';

/** The gate compares numbers; a build of somebody else's may hold anything under the same number. */
export const knownVendor: Check = {
  id: 'MESH030',
  look: ({ plan, release, cluster }) => {
    const source = plan.route?.from.version ?? '';
    const [vendor, own] = [vendorOf(source), vendorOf(release.version)];
    if (vendor === null || vendor === own) return [];
    const known = own === null ? '' : ` and those of "${own}"`;
    return [
      {
        reason: 'UnsupportedSource',
        message: `Cluster ${cluster.id} runs ${source}, a build of vendor "${vendor}"; ${release.version} is known to follow upstream's builds${known} only.`,
        remedy: 'Ask the vendor what was changed in that build, and try the upgrade on a copy of the cluster first.',
      },
    ];
  },
};

function vendorOf(version: string): string | null {
  return parseVersion(version)?.vendor?.name ?? null;
}
