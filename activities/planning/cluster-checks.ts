import type { Finding } from '../../domain/plan.js';
import type { Check } from './check.js';

/** Guide, step 0: only user clusters carry a mesh. */
const role: Check = ({ cluster }) =>
  cluster.role === 'user'
    ? []
    : [
        {
          check: 'MESH010',
          severity: 'blocker',
          reason: 'UnsupportedSource',
          message: `Cluster ${cluster.id} is registered as an admin cluster; admin clusters carry no mesh.`,
          remedy: 'Register the user cluster, and upgrade that.',
        },
      ];

const kubernetesRange: Check = ({ mesh, release, cluster }) => {
  const minor = (text: string) => Number(text.split('.')[1] ?? Number.NaN);
  const current = minor(mesh.kubernetes);
  if (current >= minor(release.kubernetes.min) && current <= minor(release.kubernetes.max)) return [];
  const { min, max } = release.kubernetes;
  return [
    {
      check: 'MESH011',
      severity: 'blocker',
      reason: 'UnsupportedSource',
      message: `Cluster ${cluster.id} runs Kubernetes ${mesh.kubernetes}; ${release.version} runs on ${min} to ${max}.`,
      remedy: 'Upgrade Kubernetes first, or choose another release.',
    },
  ];
};

/** Guide, step 2: the installation creates RBAC rules, so its account needs cluster-admin. */
const rights: Check = async ({ kube, cluster }) => {
  const answer = await kube.create(
    { api: 'authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' },
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { group: '*', resource: '*', verb: '*' } },
    },
  );
  if ((answer['status'] as { allowed?: boolean } | undefined)?.allowed === true) return [];
  return [
    {
      check: 'MESH012',
      severity: 'blocker',
      reason: 'PermissionDenied',
      message: `The registered identity of cluster ${cluster.id} is not cluster-admin; the installation creates cluster roles, webhooks and CRDs.`,
      remedy: 'Bind it to cluster-admin for the time of the upgrade (infra/rbac/upgrader.yaml).',
    },
  ];
};

/** Going back needs an old control plane that works. */
const oldControlPlane: Check = ({ mesh, plan, cluster }) =>
  mesh.controlPlanes
    .filter(({ revision, ready }) => revision === plan.route?.from.revision && !ready)
    .map(({ deployment }) => ({
      check: 'MESH013',
      severity: 'blocker',
      reason: 'ControlPlaneNotReady',
      message: `Deployment istio-system/${deployment} of cluster ${cluster.id} is not complete: there would be no way back.`,
      remedy: 'Bring the old control plane up first.',
    }));

const otherControlPlanes: Check = ({ mesh, plan }) => {
  const others = mesh.controlPlanes.filter(
    ({ revision }) => revision !== plan.route?.from.revision && revision !== plan.route?.to.revision,
  );
  return others.map(({ deployment, version }) => ({
    check: 'MESH014',
    severity: 'warning',
    reason: 'OtherControlPlane',
    message: `Deployment istio-system/${deployment} (${version}) is a further control plane; this run leaves it and its workloads alone.`,
    remedy: 'Upgrade it in a run of its own, or remove it when nothing uses it.',
  }));
};

/** A target revision that exists with another version is somebody else's; one of the same version is continued. */
const targetRevision: Check = ({ mesh, release, plan }) =>
  mesh.controlPlanes
    .filter(({ revision }) => revision === release.revision && plan.route !== null)
    .map(({ deployment, version }): Finding => {
      const same = version === release.version;
      return {
        check: 'MESH015',
        severity: same ? 'info' : 'blocker',
        reason: same ? 'AlreadyInstalled' : 'InstallFailed',
        message: same
          ? `Deployment istio-system/${deployment} is there already, with the right version: the run goes on from it.`
          : `Revision ${release.revision} is there already, with version ${version}.`,
        remedy: same ? 'Nothing needs to be done.' : 'Remove that control plane first; revisions are never changed.',
      };
    });

/** Guide, step 1: the gateway is the exception. */
const gatewaysInPlace: Check = ({ mesh }) =>
  mesh.gateways.map((gateway) => ({
    check: 'MESH016',
    severity: 'info',
    reason: 'UpgradedInPlace',
    message: `Gateway ${gateway} is upgraded in place when the new control plane is installed, before any workload.`,
    remedy: 'Plan for a short interruption there.',
  }));

/** Kinds of security policy that 1.6 does not read any more (pitfalls 4a.6). */
const IGNORED_POLICIES = [
  ['authentication.istio.io/v1alpha1', 'policies'],
  ['authentication.istio.io/v1alpha1', 'meshpolicies'],
  ['rbac.istio.io/v1alpha1', 'clusterrbacconfigs'],
  ['rbac.istio.io/v1alpha1', 'rbacconfigs'],
  ['rbac.istio.io/v1alpha1', 'serviceroles'],
  ['rbac.istio.io/v1alpha1', 'servicerolebindings'],
] as const;

const ignoredPolicies: Check = async ({ kube }) => {
  const found = await Promise.all(
    IGNORED_POLICIES.map(async ([api, plural]) => {
      const { items } = await kube.list({ api, plural });
      return items.map(({ metadata }) => `${plural} ${metadata.namespace ?? ''}/${metadata.name}`);
    }),
  );
  const names = found.flat();
  if (names.length === 0) return [];
  return [
    {
      check: 'MESH017',
      severity: 'blocker',
      reason: 'UnsupportedSource',
      message: `From 1.6 on these v1alpha1 security policies are ignored: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}.`,
      remedy:
        'Translate them to AuthorizationPolicy, PeerAuthentication and RequestAuthentication first, then delete them.',
    },
  ];
};

/** Questions about the cluster and its control planes. */
export const CLUSTER_CHECKS: readonly Check[] = [
  role,
  kubernetesRange,
  rights,
  oldControlPlane,
  otherControlPlanes,
  targetRevision,
  gatewaysInPlace,
  ignoredPolicies,
];
