import type { Finding, Plan } from '../../domain/plan.js';
import { needsSourceArchive, sourceReleaseOf } from '../../domain/release.js';
import type { Catalogue } from '../../settings/catalogue.js';

/** Guide, step 2: from 1.5 the installation files of the source must be at hand, or there is no way back. */
export function withSourceArchive(plan: Plan, { releases }: Pick<Catalogue, 'releases'>): Plan {
  const from = plan.route?.from.version;
  if (from === undefined || !needsSourceArchive(from) || sourceReleaseOf(releases, from) !== null) return plan;
  const missing: Finding = {
    check: 'MESH003',
    severity: 'blocker',
    reason: 'UnknownRelease',
    message: `Going back to ${from} means installing it again, and the catalogue has no release of role "source" for exactly that version.`,
    remedy: `Add its archive with \`meshlift releases add\` on the server, and start the server again.`,
  };
  return { ...plan, findings: [...plan.findings, missing] };
}
