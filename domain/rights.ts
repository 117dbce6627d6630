import { groupBy } from './group-by.js';

/** The steps of a run, as far as they need different rights. */
export const RIGHTS_STEPS = {
  plan: 'Plan and preflight',
  analyze: "Ask istioctl's own analysis (MESH045)",
  planCurrent: "Ask current istioctl's own checks (MESH045, MESH056)",
  guard: 'Keep a second Meshlift away',
  prove: 'Prove injection and validation by dry runs',
  install: 'Install the new control plane',
  move: 'Move workloads',
  moveGateways: 'Move gateways of current Istio',
  guardTags: 'Notice who moves revision tags',
  helm: 'Have Helm install and uninstall',
  jobGates: 'Run Jobs of gates',
  finalize: 'Finalise',
  rollBack: 'Roll back',
  reinstall: 'Install 1.5 again',
} as const;
export type RightsStep = keyof typeof RIGHTS_STEPS;

/** One line of what a step does: some verbs on some resources of one API group. */
export interface Right {
  readonly step: RightsStep;
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only there; everywhere when left out. */
  readonly namespace?: string;
  /** Only the object of that name; every one when left out. */
  readonly name?: string;
}

/** One question to the API server: may this identity do that there? */
export interface Question {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Every right as single questions, each asked once; what is needed everywhere is not asked for one namespace as well. */
export function questionsOf(rights: readonly Right[]): Question[] {
  const questions = new Map<string, Question>();
  for (const { group, resources, verbs, namespace, name } of rights) {
    const where = { ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
    for (const resource of resources) {
      for (const verb of verbs) {
        const question = { group, resource, verb, ...where };
        questions.set(keyOf(question), question);
      }
    }
  }
  return [...questions.values()].filter(
    ({ namespace, name, ...everywhere }) =>
      (namespace === undefined && name === undefined) || !questions.has(keyOf(everywhere)),
  );
}

function keyOf({ group, resource, verb, namespace, name }: Question): string {
  return JSON.stringify([group, resource, verb, namespace ?? null, name ?? null]);
}

/** A rule of RBAC. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Roles that grant what is asked for, one rule per resource: a ClusterRole, and a Role where only one namespace is meant. */
export function rolesFor(questions: readonly Question[], name: string): object[] {
  // The one that is cluster-wide comes first.
  const namespaces = [...new Set(questions.map(({ namespace }) => namespace))].toSorted().reverse();
  return namespaces.map((namespace) => {
    const rules = rulesFor(questions.filter((question) => question.namespace === namespace));
    const kind = namespace === undefined ? 'ClusterRole' : 'Role';
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules };
  });
}

/** Bindings of those roles to one user. */
export function bindingsFor(roles: readonly object[], user: string): object[] {
  return roles.map((role) => {
    const { apiVersion, kind, metadata } = role as { apiVersion: string; kind: string; metadata: { name: string } };
    const [apiGroup = ''] = apiVersion.split('/');
    return {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name: metadata.name },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    };
  });
}

function rulesFor(questions: readonly Question[]): Rule[] {
  const perResource = groupBy(questions, ({ group, resource, name }) =>
    JSON.stringify([group, resource, name ?? null]),
  );
  const rules = new Map<string, Rule>();
  for (const same of perResource.values()) {
    const { group = '', resource = '', name } = same[0] ?? {};
    const verbs = same.map(({ verb }) => verb);
    const together = JSON.stringify([group, name ?? null, verbs.toSorted()]);
    const resources = [...(rules.get(together)?.resources ?? []), resource];
    const names = name === undefined ? {} : { resourceNames: [name] };
    rules.set(together, { apiGroups: [group], resources, ...names, verbs });
  }
  return [...rules.values()];
}
