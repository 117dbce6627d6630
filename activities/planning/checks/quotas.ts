import { fenceposts } from '../../../domain/fenceposts.js';
import { quantity } from '../../../domain/quantity.js';
import { desiredPods } from '../../../domain/rollout.js';
import { workloadName } from '../../../domain/workload.js';
import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, Found } from '../check.js';
import type { PlannedWorkload } from '../cluster-reader.js';
import { placeOf } from '../meshed-pods.js';
import { podResources, sidecarResources, type Resources } from '../sidecar-resources.js';

/** How much of what a quota counts one new pod takes. */
const TAKES: Readonly<Record<string, (pod: Resources) => number>> = {
  pods: () => 1,
  'count/pods': () => 1,
  cpu: ({ requests }) => requests.cpu,
  memory: ({ requests }) => requests.memory,
  'requests.cpu': ({ requests }) => requests.cpu,
  'requests.memory': ({ requests }) => requests.memory,
  'limits.cpu': ({ limits }) => limits.cpu,
  'limits.memory': ({ limits }) => limits.memory,
};

/** Sums of thousandths are not exact. */
const ROUNDING = 1e-9;

/** Scopes that a running pod with a sidecar is in; a quota of another scope does not count it. */
const COUNTED = ['NotTerminating', 'NotBestEffort'];

interface Quota {
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: object };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

/** A rolling restart needs room for one pod more, sidecar included; without that it goes slower, or nowhere. */
export const quotas: Check = {
  id: 'MESH085',
  look: async (input) => {
    const objects = await input.reader.planned('v1', 'resourcequotas');
    if (objects.length === 0) return [];
    const sidecar = await sidecarResources(input);
    const workloads = await input.reader.workloads();
    return objects
      .filter(countsPods)
      .flatMap((quota) =>
        workloads
          .filter(({ ref }) => ref.kind === 'Deployment' && ref.namespace === quota.metadata.namespace)
          .flatMap((workload) => lackOf(quota, workload, sidecar)),
      );
  },
};

function countsPods(object: KubeObject): boolean {
  const { scopes = [], scopeSelector } = (object as unknown as Quota).spec ?? {};
  return scopeSelector === undefined && scopes.every((scope) => COUNTED.includes(scope));
}

function lackOf(object: KubeObject, { ref, object: deployment }: PlannedWorkload, sidecar: Resources): Found[] {
  const workload = asWorkload(deployment);
  const { surge, unavailable } = fenceposts(workload);
  const comesFirst = surge > 0 && workload.spec.strategy?.type !== 'Recreate' && desiredPods(ref.kind, workload) > 0;
  const figures = comesFirst ? lackingIn(object, podResources(workload.spec.template, sidecar)) : [];
  if (figures.length === 0) return [];
  const slower = unavailable > 0;
  const effect = slower
    ? 'its restart goes on with fewer pods'
    : 'its restart, which takes no pod away before the new one is there, never begins';
  return [
    {
      ...(slower ? { severity: 'warning' } : {}),
      reason: 'QuotaTooSmall',
      message: `ResourceQuota ${placeOf(object)} has no room for one more pod of ${workloadName(ref)} with its sidecar (${figures.join(', ')}): ${effect}.`,
      remedy:
        'Raise the quota for the time of the upgrade, or let the Deployment be short of one pod (maxUnavailable 1).',
    },
  ];
}

/** What of a quota is too little for one more pod: `pods 2 of 2`. */
function lackingIn(object: KubeObject, pod: Resources): string[] {
  const { hard = {}, used = {} } = (object as unknown as Quota).status ?? {};
  return Object.entries(hard)
    .map(([key, most]) => ({ key, most, taken: used[key] ?? '0' }))
    .filter(({ key, most, taken }) => (TAKES[key]?.(pod) ?? 0) > quantity(most) - quantity(taken) + ROUNDING)
    .map(({ key, most, taken }) => `${key} ${taken} of ${most}`);
}
