import { stringify } from 'yaml';
import { named } from '../../../domain/named.js';
import { rightsFor, stepsOf } from '../../../domain/rights-table.js';
import { bindingsFor, questionsOf, RIGHTS_STEPS, rolesFor, type Question } from '../../../domain/rights.js';
import type { KubeClient } from '../../kube/types.js';
import type { Check } from '../check.js';
import { EVERYTHING, mayI } from './access-review.js';

/**
 * Guide, step 2: the account needs cluster-admin, because the installation creates RBAC rules. Asked is for less, for
 * what the steps really do, so that an identity with a smaller role can be used. A right that is missing would stop the
 * run half-way, where a person must come and grant it: it is better granted before.
 */
export const rights: Check = {
  id: 'MESH012',
  look: async ({ kube, cluster, plan }) => {
    if ((await mayI(kube, EVERYTHING)).allowed) return [];
    const missing = await denied(kube, questionsOf(rightsFor(plan)));
    if (missing.length === 0) return [];
    const steps = [...new Set(missing.flatMap(stepsOf))].map((step) => RIGHTS_STEPS[step]);
    const roles = rolesFor(missing, 'meshlift-missing');
    return [
      {
        reason: 'PermissionDenied',
        message: `The registered identity of cluster ${cluster.id} may not do ${missing.length} things that the run needs: ${named(missing.map(inWords))}. They belong to: ${steps.join(', ')}.`,
        remedy:
          'Bind it to cluster-admin for the time of the upgrade (infra/rbac/upgrader.yaml), or apply the roles below with its name in the bindings.',
        command: [...roles, ...bindingsFor(roles, '<user of the kubeconfig>')]
          .map((role) => stringify(role))
          .join('---\n'),
      },
    ];
  },
};

async function denied(kube: KubeClient, questions: readonly Question[]): Promise<Question[]> {
  const answers = await Promise.all(
    questions.map(async (question) => ({ question, access: await mayI(kube, question) })),
  );
  return answers.filter(({ access }) => !access.allowed).map(({ question }) => question);
}

function inWords({ group, resource, verb, namespace, name }: Question): string {
  const what = `${group === '' ? resource : `${resource}.${group}`}${name === undefined ? '' : ` ${name}`}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
