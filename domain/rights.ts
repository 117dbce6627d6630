import { ISTIO_NAMESPACE } from './names.js';

/** The steps of a run, as far as they need different rights. */
export const RIGHTS_STEPS = {
  plan: 'Plan and preflight',
  guard: 'Keep a second Meshlift away',
  prove: 'Prove injection and validation by dry runs',
  install: 'Install the new control plane',
  move: 'Move workloads',
  finalize: 'Finalise',
  rollBack: 'Roll back',
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
}

const LOOK = ['get', 'list', 'watch'];
const KEEP = ['get', 'list', 'create', 'update', 'patch', 'delete'];
const there = { namespace: ISTIO_NAMESPACE };

const right = (step: RightsStep, group: string, resources: readonly string[], verbs: readonly string[]): Right => ({
  step,
  group,
  resources,
  verbs,
});

/** What istioctl applies in istio-system, and what a rollback puts back or takes away there. */
const INSTALLED: readonly (readonly [string, readonly string[]])[] = [
  ['', ['configmaps', 'services', 'serviceaccounts']],
  ['apps', ['deployments']],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['policy', ['poddisruptionbudgets']],
  ['rbac.authorization.k8s.io', ['roles', 'rolebindings']],
  ['networking.istio.io', ['envoyfilters', 'gateways']],
  ['install.istio.io', ['istiooperators']],
];

/** The same for what lives in no namespace. */
const INSTALLED_CLUSTERWIDE: readonly (readonly [string, readonly string[]])[] = [
  ['rbac.authorization.k8s.io', ['clusterroles', 'clusterrolebindings']],
  ['admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']],
  ['apiextensions.k8s.io', ['customresourcedefinitions']],
];

/**
 * Every right that a step needs. `infra/rbac` grants them by files; the preflight asks for each of them before anything
 * is changed. `istioctl install` was seen to need no more than what stands here for it.
 */
export const RIGHTS: readonly Right[] = [
  right('plan', '', ['namespaces', 'nodes', 'pods', 'services', 'endpoints', 'configmaps', 'serviceaccounts'], LOOK),
  right('plan', '', ['replicationcontrollers', 'resourcequotas', 'limitranges', 'events'], LOOK),
  // Which CA the control planes sign with, and which other clusters they read. The keys are never looked at.
  { ...right('plan', '', ['secrets'], ['get', 'list']), ...there },
  right('plan', 'apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], LOOK),
  right('plan', 'batch', ['jobs', 'cronjobs'], LOOK),
  right('plan', 'autoscaling', ['horizontalpodautoscalers'], LOOK),
  right('plan', 'policy', ['poddisruptionbudgets'], LOOK),
  right('plan', 'networking.k8s.io', ['ingresses', 'networkpolicies'], LOOK),
  // `istioctl analyze` of 1.6 waits for them in their old group.
  right('plan', 'extensions', ['ingresses'], LOOK),
  right('plan', 'cloud.google.com', ['backendconfigs'], LOOK),
  right('plan', 'argoproj.io', ['rollouts'], LOOK),
  ...INSTALLED_CLUSTERWIDE.map(([group, resources]) => right('plan', group, resources, LOOK)),
  right('plan', 'rbac.authorization.k8s.io', ['roles', 'rolebindings'], LOOK),
  right('plan', 'networking.istio.io', ['*'], LOOK),
  right('plan', 'security.istio.io', ['*'], LOOK),
  right('plan', 'config.istio.io', ['*'], LOOK),
  right('plan', 'install.istio.io', ['*'], LOOK),
  right('plan', 'authentication.istio.io', ['*'], LOOK),
  right('plan', 'rbac.istio.io', ['*'], LOOK),
  { ...right('guard', 'coordination.k8s.io', ['leases'], KEEP), ...there },
  right('prove', '', ['namespaces'], ['create', 'delete']),
  right('prove', '', ['pods'], ['create']),
  { ...right('prove', '', ['pods/proxy', 'services/proxy'], ['get']), ...there },
  { ...right('prove', 'networking.istio.io', ['gateways'], ['create']), ...there },
  ...INSTALLED.map(([group, resources]) => ({ ...right('install', group, resources, KEEP), ...there })),
  ...INSTALLED_CLUSTERWIDE.map(([group, resources]) => right('install', group, resources, KEEP)),
  // istioctl reads these as well when it looks for what to prune; it makes none.
  right('install', '', ['persistentvolumeclaims'], ['list']),
  right('install', '', ['namespaces'], ['create']),
  // The roles that istioctl writes hold more than Meshlift needs for itself.
  right('install', 'rbac.authorization.k8s.io', ['clusterroles', 'roles'], ['bind', 'escalate']),
  right('move', '', ['namespaces'], ['patch']),
  right('move', 'apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], ['patch']),
  right('move', '', ['replicationcontrollers'], ['patch']),
  right('move', '', ['pods/eviction'], ['create']),
  right('move', 'argoproj.io', ['rollouts'], ['patch']),
  { ...right('finalize', '', ['services'], ['patch']), ...there },
  { ...right('finalize', 'apps', ['deployments'], ['delete']), ...there },
  { ...right('finalize', 'autoscaling', ['horizontalpodautoscalers'], ['delete']), ...there },
  { ...right('finalize', 'policy', ['poddisruptionbudgets'], ['delete']), ...there },
  right('finalize', 'admissionregistration.k8s.io', ['mutatingwebhookconfigurations'], ['delete']),
  ...INSTALLED.map(([group, resources]) => ({ ...right('rollBack', group, resources, KEEP), ...there })),
  ...INSTALLED_CLUSTERWIDE.map(([group, resources]) => right('rollBack', group, resources, KEEP)),
];

/** One question to the API server: may this identity do that there? */
export interface Question {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly namespace?: string;
}

/** Every right as single questions, each asked once. */
export function questionsOf(rights: readonly Right[]): Question[] {
  const questions = new Map<string, Question>();
  for (const { group, resources, verbs, namespace } of rights) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const question = { group, resource, verb, ...(namespace === undefined ? {} : { namespace }) };
        questions.set(JSON.stringify(question), question);
      }
    }
  }
  return [...questions.values()];
}

/** The steps that an answer of no would stop. */
export function stepsOf({ group, resource, verb, namespace }: Question): RightsStep[] {
  const needing = RIGHTS.filter(
    (entry) =>
      entry.group === group &&
      entry.resources.includes(resource) &&
      entry.verbs.includes(verb) &&
      entry.namespace === namespace,
  );
  return [...new Set(needing.map(({ step }) => step))];
}

/** A rule of RBAC. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
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
  const verbs = new Map<string, Set<string>>();
  for (const { group, resource, verb } of questions) {
    const key = JSON.stringify([group, resource]);
    verbs.set(key, (verbs.get(key) ?? new Set()).add(verb));
  }
  const rules = new Map<string, Rule>();
  for (const [key, set] of verbs) {
    const [group, resource] = JSON.parse(key) as [string, string];
    const together = JSON.stringify([group, [...set].toSorted()]);
    const resources = [...(rules.get(together)?.resources ?? []), resource];
    rules.set(together, { apiGroups: [group], resources, verbs: [...set] });
  }
  return [...rules.values()];
}
