import type { DriverName } from '../../domain/driver.js';
import { wantsSidecar } from '../../domain/injection.js';
import type { PlannedWorkload } from '../../domain/plan.js';
import { workloadKeyOf } from '../../domain/pod-owner.js';
import { isLive } from '../../domain/pod.js';
import { actionBy, waysToReplace } from '../../domain/policy/replace-by.js';
import {
  actionFor,
  actionSentence,
  strategyOf,
  type ActionRow,
  type OwnerKind,
} from '../../domain/workload-actions.js';
import { MOVABLE_KINDS } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';
import { listPods } from './list-pods.js';
import { asWorkload } from './owned-pods.js';
import { createOwnerFinder, type Owner } from './owners.js';

/** Kinds that are listed whole: nearly every pod belongs to one of them, and asking for each owner would take a request each. */
const LISTED: readonly (Resource & { readonly kind: OwnerKind })[] = [
  { kind: 'Deployment', api: 'apps/v1', plural: 'deployments' },
  { kind: 'StatefulSet', api: 'apps/v1', plural: 'statefulsets' },
  { kind: 'DaemonSet', api: 'apps/v1', plural: 'daemonsets' },
];
const CRON_JOBS: Resource = { api: 'batch/v1', plural: 'cronjobs' };

type Found = Pick<Owner, 'kind' | 'called' | 'name' | 'object'> & { readonly namespace: string };

/**
 * What a run would do with everything that has a pod with a sidecar, or will have one (CronJobs): the sentences of
 * `domain/workload-actions.ts`, by namespace and name. Changes nothing.
 */
export function createPlanWorkloads({ access }: ActivityContext): Activities['planWorkloads'] {
  return ({ cluster, namespaces, driver, replace }) =>
    heartbeating(async () => {
      const { kube } = access(cluster);
      const wanted = new Set(namespaces);
      const found = new Map<string, Found>();
      const all = [...(await ownersOfPods(kube, wanted, driver)), ...(await cronJobs(kube, wanted))];
      for (const owner of all) found.set(nameOf(owner), owner);
      return [...found.values()]
        .map(planner(waysToReplace(replace)))
        .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.sentence.localeCompare(b.sentence));
    });
}

async function ownersOfPods(
  kube: KubeClient,
  namespaces: ReadonlySet<string>,
  driver: DriverName | undefined,
): Promise<Found[]> {
  const [pods, ...lists] = await Promise.all([listPods(kube), ...LISTED.map((collection) => kube.list(collection))]);
  const listed = new Map<string, Found>();
  for (const [index, { items }] of lists.entries()) {
    for (const object of items) {
      const owner = asFound(LISTED[index]?.kind ?? 'unknown', object);
      listed.set(nameOf(owner), owner);
    }
  }
  const ownerOf = createOwnerFinder(kube);
  return Promise.all(
    pods
      .filter((pod) => namespaces.has(pod.metadata.namespace ?? '') && isLive(pod) && wantsSidecar(pod, driver))
      .map(async (pod): Promise<Found> => {
        const namespace = pod.metadata.namespace ?? '';
        return listed.get(workloadKeyOf(pod)) ?? { ...(await ownerOf(pod)), namespace };
      }),
  );
}

async function cronJobs(kube: KubeClient, namespaces: ReadonlySet<string>): Promise<Found[]> {
  const { items } = await kube.list(CRON_JOBS);
  return items
    .filter(({ metadata }) => namespaces.has(metadata.namespace ?? ''))
    .map((object) => asFound('CronJob', object));
}

function asFound(kind: OwnerKind, object: KubeObject): Found {
  const { name, namespace = '' } = object.metadata;
  return { kind, called: kind, name, namespace, object };
}

function nameOf({ called, namespace, name }: Pick<Found, 'called' | 'namespace' | 'name'>): string {
  return `${called} ${namespace}/${name}`;
}

function planner(waysOf: ReturnType<typeof waysToReplace>) {
  return (found: Found): PlannedWorkload => {
    const { kind, called, namespace, name } = found;
    const object = found.object ?? { metadata: {} };
    const strategy = strategyOf(kind, object);
    const row = chosen(found, actionFor(kind, object), waysOf);
    return {
      kind: called,
      namespace,
      name,
      strategy,
      action: row.action,
      sentence: actionSentence(nameOf(found), strategy, row),
    };
  };
}

/** What could be restarted is evicted where its label or the policy says so. */
function chosen({ kind, namespace, name, object }: Found, row: ActionRow, waysOf: ReturnType<typeof waysToReplace>) {
  const movable = MOVABLE_KINDS.find((candidate) => candidate === kind);
  if (movable === undefined || object === null) return row;
  const { by, why } = waysOf({ kind: movable, namespace, name }, asWorkload(object));
  const action = actionBy(row.action, by);
  return action === row.action ? row : { ...row, action, reason: `${capitalised(why)}.` };
}

function capitalised(clause: string): string {
  return clause.slice(0, 1).toUpperCase() + clause.slice(1);
}
