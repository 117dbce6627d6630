import { skippedMinors } from '../../../domain/revision-gate.js';
import type { Check } from '../check.js';

/** Upstream tests upgrades from one minor to the next; whoever skips one reads the change notes of both, and says so. */
export const noSkippedMinors: Check = {
  id: 'MESH052',
  look: ({ plan, release, cluster }) => {
    const source = plan.route?.from.version ?? '';
    const skipped = release.driver === 'istio-revisioned' ? skippedMinors(source, release.version) : [];
    if (skipped.length === 0) return [];
    const minors = skipped.join(', ');
    return [
      {
        reason: 'SkipsMinor',
        message: `Cluster ${cluster.id} runs ${source}; on the way to ${release.version} it would skip ${minors}.`,
        remedy: `Upgrade to ${minors} first; or read the upgrade notes of ${minors} too, and take the risk with a waiver.`,
        command: `meshlift plan ${cluster.id} --release ${release.version} --waive MESH052 --reason "..."`,
      },
    ];
  },
};
