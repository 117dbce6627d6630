import { isInPlace } from '../../../domain/plan.js';
import type { Check, Found } from '../check.js';

/** A target revision that exists with another version is somebody else's; one of the same version is continued (pitfalls 4b). */
export const targetRevision: Check = {
  id: 'MESH015',
  look: ({ mesh, release, plan }) =>
    mesh.controlPlanes
      .filter(({ revision }) => revision === release.revision && plan.route !== null && !isInPlace(plan.route))
      .map(({ deployment, version }): Found => {
        if (version === release.version) {
          return {
            severity: 'info',
            reason: 'AlreadyInstalled',
            message: `Deployment istio-system/${deployment} is there already, with the right version: the run goes on from it.`,
            remedy: 'Nothing needs to be done.',
          };
        }
        return {
          reason: 'InstallFailed',
          message: `Revision ${release.revision} is there already, with version ${version}.`,
          remedy: 'Remove that control plane first; revisions are never changed.',
        };
      }),
};
