import { FENCE_LEASE } from './fence.js';
import { allGateSteps } from './gates/steps.js';
import { ISTIO_NAMESPACE } from './names.js';
import { driverOf, type Plan } from './plan.js';
import { needsSourceArchive } from './release.js';
import type { Question, Right, RightsStep } from './rights.js';

type Kinds = readonly (readonly [group: string, resources: readonly string[]])[];

/** The same verbs on all of these kinds, everywhere. */
function everywhere(step: RightsStep, kinds: Kinds, verbs: readonly string[]): Right[] {
  return kinds.map(([group, resources]) => ({ step, group, resources, verbs }));
}

/** The same, in the mesh's namespace only. */
function inMesh(step: RightsStep, kinds: Kinds, verbs: readonly string[]): Right[] {
  return everywhere(step, kinds, verbs).map((right) => ({ ...right, namespace: ISTIO_NAMESPACE }));
}

/** Kinds whose pods Meshlift moves. */
const WORKLOADS: Kinds = [
  ['apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets']],
  ['', ['replicationcontrollers']],
  ['argoproj.io', ['rollouts']],
];

/** Configuration of the mesh: which kinds there are, the CRDs say. */
const CONFIGURATION: Kinds = [
  'networking.istio.io',
  'security.istio.io',
  'config.istio.io',
  'authentication.istio.io',
  'rbac.istio.io',
].map((group) => [group, ['*']] as const);

/** What is the own of one revision in the mesh's namespace, and goes with it. */
const OF_A_REVISION: Kinds = [
  ['', ['configmaps', 'services']],
  ['apps', ['deployments']],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['policy', ['poddisruptionbudgets']],
  ['networking.istio.io', ['envoyfilters']],
  ['install.istio.io', ['istiooperators']],
];

/** What all revisions share there. */
const SHARED: Kinds = [
  ['', ['serviceaccounts']],
  ['rbac.authorization.k8s.io', ['roles', 'rolebindings']],
  ['networking.istio.io', ['gateways', 'sidecars']],
];

/** What an installation has in no namespace. CRDs are never deleted: with them all objects of their kinds would go. */
const CLUSTERWIDE: Kinds = [
  ['rbac.authorization.k8s.io', ['clusterroles', 'clusterrolebindings']],
  ['admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']],
];
const CRDS: Kinds = [['apiextensions.k8s.io', ['customresourcedefinitions']]];

const LOOK: readonly Right[] = [
  ...everywhere(
    'plan',
    [
      ['', ['namespaces', 'nodes', 'pods', 'services', 'endpoints', 'configmaps', 'resourcequotas', 'limitranges']],
      ...WORKLOADS,
      ['batch', ['cronjobs']],
      ['autoscaling', ['horizontalpodautoscalers']],
      ['policy', ['poddisruptionbudgets']],
      ['networking.k8s.io', ['ingresses', 'networkpolicies']],
      ['cloud.google.com', ['backendconfigs']],
      ['admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']],
      ...CRDS,
      ...CONFIGURATION,
      ['gateway.networking.k8s.io', ['gateways']],
      ['install.istio.io', ['istiooperators']],
    ],
    ['list'],
  ),
  ...inMesh('plan', [['', ['configmaps']]], ['get']),
  // The root that the old control plane hands out to workloads.
  {
    step: 'plan',
    group: '',
    resources: ['configmaps'],
    verbs: ['get'],
    namespace: 'default',
    name: 'istio-ca-root-cert',
  },
  // Which CA the control planes sign with, and which other clusters they read. The keys are never looked at.
  ...inMesh('plan', [['', ['secrets']]], ['get', 'list']),
  // It waits until it has read and watches them all, Secrets among them. Waiving MESH045 does without.
  ...everywhere(
    'analyze',
    [
      ['', ['namespaces', 'nodes', 'pods', 'services', 'endpoints', 'configmaps', 'secrets']],
      ['apps', ['deployments']],
      ['extensions', ['ingresses']],
      ...CRDS,
      ...CONFIGURATION,
    ],
    ['list', 'watch'],
  ),
];

/** What the checks of current istioctl read besides: seen in the audit log. */
const LOOK_CURRENT: readonly Right[] = [
  ...everywhere('planCurrent', [['', ['namespaces']]], ['get']),
  ...everywhere(
    'planCurrent',
    [
      ['admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']],
      ['gateway.networking.k8s.io', ['gateways', 'httproutes', 'grpcroutes']],
      ['telemetry.istio.io', ['*']],
      ['extensions.istio.io', ['*']],
    ],
    ['list', 'watch'],
  ),
];

const GUARD: readonly Right[] = [
  ...everywhere('guard', [['', ['namespaces']]], ['get']),
  // The right to create cannot be bound to a name.
  ...inMesh('guard', [['coordination.k8s.io', ['leases']]], ['create']),
  ...inMesh('guard', [['coordination.k8s.io', ['leases']]], ['get', 'update', 'delete']).map((right) => ({
    ...right,
    name: FENCE_LEASE,
  })),
];

/** In scratch namespaces, which have names that only the run knows; and by asking istiod through the API server. */
const PROVE: readonly Right[] = [
  ...everywhere('prove', [['', ['namespaces']]], ['get', 'list', 'create', 'delete']),
  ...everywhere('prove', [['', ['serviceaccounts']]], ['get']),
  ...everywhere('prove', [['', ['pods']]], ['create']),
  ...inMesh('prove', [['networking.istio.io', ['gateways']]], ['create']),
  ...inMesh('prove', [['', ['endpoints']]], ['get']),
];

const INSTALL: readonly Right[] = [
  ...inMesh('install', [...OF_A_REVISION, ...SHARED], ['get', 'create', 'update']),
  ...everywhere('install', [...CLUSTERWIDE, ...CRDS], ['get', 'list', 'create', 'update']),
  // It looks in all namespaces for what it would have to prune.
  ...everywhere('install', [...OF_A_REVISION, ...SHARED, ['', ['persistentvolumeclaims']]], ['list']),
  ...everywhere('install', [['', ['namespaces']]], ['create']),
  // The roles that istioctl writes hold more than Meshlift needs for itself.
  ...everywhere('install', [['rbac.authorization.k8s.io', ['clusterroles']]], ['bind', 'escalate']),
  ...inMesh('install', [['rbac.authorization.k8s.io', ['roles']]], ['bind', 'escalate']),
];

const MOVE: readonly Right[] = [
  ...everywhere('move', [['', ['namespaces']]], ['get', 'watch', 'patch']),
  ...everywhere('move', WORKLOADS, ['get', 'list', 'watch', 'patch']),
  ...everywhere('move', [['', ['pods']]], ['get', 'list', 'watch']),
  ...everywhere('move', [['', ['events']]], ['list']),
  ...everywhere('move', [['batch', ['jobs', 'cronjobs']]], ['get']),
  ...everywhere('move', [['', ['pods/eviction']]], ['create']),
];

/** Gateways of current Istio: a canary beside those that are injected, a label on those that are declared. */
const MOVE_GATEWAYS: readonly Right[] = [
  ...everywhere('moveGateways', [['apps', ['deployments']]], ['create', 'delete']),
  ...everywhere('moveGateways', [['gateway.networking.k8s.io', ['gateways']]], ['get', 'list', 'watch', 'patch']),
];

/** Whoever points a tag of current Istio elsewhere during a run is noticed. */
const GUARD_TAGS: readonly Right[] = everywhere(
  'guardTags',
  [['admissionregistration.k8s.io', ['mutatingwebhookconfigurations']]],
  ['list', 'watch'],
);

/** Helm keeps its releases in Secrets beside what they hold. */
const HELM: readonly Right[] = inMesh('helm', [['', ['secrets']]], ['get', 'list', 'create', 'update', 'delete']);

/** Which namespaces the registered Jobs are in, only the server knows. */
const JOB_GATES: readonly Right[] = [
  ...everywhere('jobGates', [['batch', ['jobs']]], ['get', 'list', 'watch', 'create', 'delete']),
  ...everywhere('jobGates', [['', ['pods']]], ['list']),
  // Without it the Job decides all the same; only its last lines are not shown.
  ...everywhere('jobGates', [['', ['pods/log']]], ['get']),
];

const FINALIZE: readonly Right[] = [
  ...everywhere('finalize', [['batch', ['jobs', 'cronjobs']]], ['list']),
  // Which proxies are still connected, the old istiod itself says.
  ...inMesh('finalize', [['', ['pods/proxy']]], ['get']),
  ...inMesh('finalize', [['', ['services']]], ['patch']),
  ...inMesh('finalize', OF_A_REVISION, ['get', 'delete']),
  // From 1.5 also what 1.5 alone had written.
  ...inMesh('finalize', [['', ['serviceaccounts']]], ['get', 'delete']),
  ...everywhere('finalize', CLUSTERWIDE, ['get', 'delete']),
];

const ROLL_BACK: readonly Right[] = [
  ...inMesh('rollBack', [...OF_A_REVISION, ...SHARED], ['get', 'list', 'create', 'patch', 'delete']),
  ...everywhere('rollBack', CLUSTERWIDE, ['get', 'list', 'create', 'patch', 'delete']),
  ...everywhere('rollBack', CRDS, ['get', 'list', 'patch']),
];

/** What kubectl asks for beyond the above where the installer of 1.5 lets it prune: it lists all kinds that it could prune. */
const REINSTALL: readonly Right[] = [
  ...everywhere('reinstall', [['', ['persistentvolumes']]], ['list']),
  ...inMesh(
    'reinstall',
    [
      ['', ['endpoints', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'secrets']],
      ['apps', ['daemonsets', 'replicasets', 'statefulsets']],
      ['batch', ['cronjobs', 'jobs']],
      ['extensions', ['ingresses']],
      ['networking.istio.io', ['destinationrules']],
      ['networking.k8s.io', ['ingresses']],
    ],
    ['list'],
  ),
];

/**
 * Every right that a step needs, as the API server's audit log showed it (`test/long/rights.test.ts`) or, for kinds of
 * workloads that no test cluster has, as the code asks. The preflight asks for each of them before anything is changed.
 */
export const RIGHTS: readonly Right[] = [
  ...LOOK,
  ...LOOK_CURRENT,
  ...GUARD,
  ...PROVE,
  ...INSTALL,
  ...MOVE,
  ...MOVE_GATEWAYS,
  ...HELM,
  ...GUARD_TAGS,
  ...JOB_GATES,
  ...FINALIZE,
  ...ROLL_BACK,
  ...REINSTALL,
];

/**
 * The rights of one run. Whoever waives the analysis need not let anybody read the Secrets of all namespaces; only 1.5 is
 * installed again.
 */
export function rightsFor({ route, options, waves }: Pick<Plan, 'route' | 'options' | 'waves'>): Right[] {
  const movesGateways = waves.some(({ gateways = [] }) => gateways.length > 0);
  const isCurrent = route !== null && driverOf(route) === 'istio-revisioned';
  const isWaived = options.waivers.some(({ check }) => check === 'MESH045');
  const reinstalls = needsSourceArchive(route?.from.version ?? '');
  const isNeeded: Partial<Record<RightsStep, boolean>> = {
    analyze: !isWaived,
    reinstall: reinstalls,
    moveGateways: movesGateways,
    helm: route?.installer === 'helm',
    planCurrent: isCurrent,
    guardTags: isCurrent,
    jobGates: allGateSteps(options.policy).some((gate) => 'job' in gate),
  };
  return RIGHTS.filter(({ step }) => isNeeded[step] ?? true);
}

/** The steps that an answer of no would stop. */
export function stepsOf({ group, resource, verb, namespace, name }: Question): RightsStep[] {
  const needing = RIGHTS.filter(
    (entry) =>
      entry.group === group &&
      entry.resources.includes(resource) &&
      entry.verbs.includes(verb) &&
      // Who may not do it anywhere may not do it there either.
      (namespace === undefined || entry.namespace === namespace) &&
      (name === undefined || entry.name === name),
  );
  return [...new Set(needing.map(({ step }) => step))];
}
