import { named } from '../../domain/named.js';
import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { isInPlace } from '../../domain/plan.js';
import type { Pod } from '../../domain/pod.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure, isFailure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { askingForOld } from '../workloads/asking-namespaces.js';
import { podsServedBy } from '../workloads/served-pods.js';
import { untilHolds } from './deployment-state.js';
import { foreignObjects, webhooksOn } from './usage-objects.js';
import { templatesOn } from './usage-templates.js';
import type { Usage } from './usage.js';

/** Pods on their way out, and proxies that are just disconnecting, get that long. */
const GRACE_SECONDS = 60;
const NAMED = 8;

/** One way in which the old control plane may be used: a sentence about each user, without its end. */
type Question = (usage: Usage) => Promise<readonly string[]>;

type Questions = Readonly<Record<string, Question>>;

/** Pods, by whether they stay or are on their way out: in place nothing else tells old from new. */
const PODS_STAYING: Questions = { 'which pods run its proxy': (usage) => podsOn(usage, false) };
const PODS_LEAVING: Questions = { 'which pods still end with its proxy': (usage) => podsOn(usage, true) };
/** Users that stay until somebody does something about them. */
const STAYING: Questions = {
  'which namespaces ask for it': namespacesOn,
  ...PODS_STAYING,
  'which workloads are bound to it': templatesOn,
  'which webhooks lead to it': webhooksOn,
  'which other objects belong to it': foreignObjects,
};
/** Users that may be on their way out: pods that end, and what still speaks with the old control plane. */
const LEAVING: Questions = { ...PODS_LEAVING, 'which proxies are connected to it': proxiesOf };

/**
 * Invariant I2: the old control plane is removed only when nothing uses it. Whatever cannot be asked counts as "in use"
 * (pitfalls 4d).
 * @throws OldRevisionInUse with the list
 */
export function createCheckOldRevisionUnused(context: ActivityContext): Activities['checkOldRevisionUnused'] {
  return ({ run, route, waived = [] }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const usage = { kube, run, route, before: await readSnapshot(context.dataDir, run), waived };
      const [staying, leaving] = isInPlace(route) ? [PODS_STAYING, PODS_LEAVING] : [STAYING, LEAVING];
      const users =
        (await usersOf(usage, staying)) ??
        (await untilHolds(() => usersOf(usage, leaving), { timeoutSeconds: GRACE_SECONDS, signal })) ??
        // While the last ones left, others may have come.
        (await usersOf(usage, staying));
      if (users === null) return;
      const what = isInPlace(route) ? 'proxies of before are still there' : 'the old control plane is still used';
      throw failure('OldRevisionInUse', `In cluster ${run.cluster} ${what}: ${users}.`);
    });
}

async function usersOf(usage: Usage, questions: Questions): Promise<string | null> {
  const answers = await Promise.all(Object.entries(questions).map(([about, ask]) => answerTo(usage, about, ask)));
  const users = answers.flat();
  if (users.length === 0) return null;
  return named(users, NAMED);
}

async function answerTo(usage: Usage, about: string, ask: Question): Promise<readonly string[]> {
  try {
    return await ask(usage);
  } catch (error) {
    // A server that is away comes back; the whole check is tried again then.
    if (isFailure(error, 'ClusterUnreachable')) throw error;
    return [`${about} cannot be told (${(error as Error).message})`];
  }
}

async function namespacesOn({ kube, route }: Usage): Promise<string[]> {
  const asks = await askingForOld(kube, route);
  const { items } = await kube.list({ api: 'v1', plural: 'namespaces' });
  return items
    .filter(({ metadata }) => asks(metadata.labels ?? {}))
    .map(({ metadata }) => `namespace ${metadata.name} asks for its sidecar`);
}

/** Pods on their way out count, too: they still speak with the old control plane. */
async function podsOn({ kube, route, waived }: Usage, leaving: boolean): Promise<string[]> {
  const pods = await podsServedBy(kube, route, 'from');
  return pods
    .filter((pod) => !waived.includes(nameOf(pod)) && (pod.metadata.deletionTimestamp !== undefined) === leaving)
    .map((pod) => `pod ${nameOf(pod)}${jobOf(pod)} runs its proxy`);
}

function nameOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function jobOf({ metadata }: Pod): string {
  const job = metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
  return job === undefined ? '' : ` of Job ${job.name}, which has not ended,`;
}

/** What the old istiods themselves say about who is connected to them. An istiod that does not answer is in use. */
async function proxiesOf({ kube, route, waived }: Usage): Promise<string[]> {
  const { items } = await kube.list(
    { api: 'v1', plural: 'pods', namespace: ISTIO_NAMESPACE },
    { labelSelector: 'app=istiod' },
  );
  const old = items.filter(
    ({ metadata }) =>
      metadata.deletionTimestamp === undefined &&
      (metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION) === route.from.revision,
  );
  const answers = await Promise.all(
    old.map(async ({ metadata }) => {
      const path = `/api/v1/namespaces/${ISTIO_NAMESPACE}/pods/${metadata.name}:15014/proxy/debug/syncz`;
      try {
        const proxies = (JSON.parse(await kube.raw(path)) ?? []) as { proxy?: string }[];
        return proxies
          .filter(({ proxy }) => !waived.some((pod) => proxy === proxyIdOf(pod)))
          .map(({ proxy }) => `proxy ${proxy ?? '(unnamed)'} is connected to ${metadata.name}`);
      } catch (error) {
        return [`${metadata.name} does not say who is connected to it (${(error as Error).message})`];
      }
    }),
  );
  return answers.flat();
}

/** What istiod calls the proxy of a pod: `web-1.shop` for `shop/web-1`. */
function proxyIdOf(pod: string): string {
  return pod.split('/').reverse().join('.');
}
