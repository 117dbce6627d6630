import { DEFAULT_REVISION, INJECTION_LABEL, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import type { Route } from '../../domain/plan.js';
import { isFinished, proxyTagOf } from '../../domain/pod.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { asPod } from '../workloads/owned-pods.js';
import { untilHolds } from './deployment-state.js';

/** Pods on their way out and proxies that are just disconnecting get that long. */
const GRACE_SECONDS = 60;

/**
 * Invariant I2: the old control plane is removed only when nothing uses it. Whatever cannot be asked counts as "in use".
 * @throws OldRevisionInUse with the list
 */
export function createCheckOldRevisionUnused(context: ActivityContext): Activities['checkOldRevisionUnused'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const users = await untilHolds(() => usersOf(kube, route), { timeoutSeconds: GRACE_SECONDS, signal });
      if (users === null) return;
      throw failure('OldRevisionInUse', `In cluster ${run.cluster} the old control plane is still used: ${users}.`);
    });
}

async function usersOf(kube: KubeClient, route: Route): Promise<string | null> {
  const users = [
    ...(await namespacesOn(kube, route.from.revision)),
    ...(await podsOn(kube, route)),
    ...(await proxiesOf(kube, route.from.revision)),
  ];
  if (users.length === 0) return null;
  return `${users.slice(0, 8).join(', ')}${users.length > 8 ? ` and ${users.length - 8} more` : ''}`;
}

async function namespacesOn(kube: KubeClient, revision: string): Promise<string[]> {
  const { items } = await kube.list({ api: 'v1', plural: 'namespaces' });
  return items
    .filter(({ metadata: { labels = {} } }) => {
      const byDefault = revision === DEFAULT_REVISION && labels[INJECTION_LABEL] === 'enabled';
      return byDefault || labels[REVISION_LABEL] === revision;
    })
    .map(({ metadata }) => `namespace ${metadata.name} asks for its sidecar`);
}

/** Also pods that are on their way out: they still speak with the old control plane. */
async function podsOn(kube: KubeClient, route: Route): Promise<string[]> {
  const { items } = await kube.list({ api: 'v1', plural: 'pods' });
  const { revision, proxyTag } = route.from.sidecar;
  return items
    .filter((object) => {
      const pod = asPod(object);
      const tag = proxyTagOf(pod);
      if (isFinished(pod) || tag === null) return false;
      const label = object.metadata.labels?.[REVISION_LABEL] ?? null;
      if (tag === proxyTag) return true;
      // 1.5 writes no label: a proxy without one is served by it, whatever patch it is itself; the new gateways are not.
      return revision === null ? label === null && tag !== route.to.sidecar.proxyTag : label === revision;
    })
    .map(({ metadata }) => `pod ${metadata.namespace ?? ''}/${metadata.name} runs its proxy`);
}

/** What the old istiods themselves say about who is connected to them. An istiod that does not answer is in use. */
async function proxiesOf(kube: KubeClient, revision: string): Promise<string[]> {
  const { items } = await kube.list(
    { api: 'v1', plural: 'pods', namespace: ISTIO_NAMESPACE },
    { labelSelector: 'app=istiod' },
  );
  const old = items.filter(
    ({ metadata }) =>
      metadata.deletionTimestamp === undefined && (metadata.labels?.[REVISION_LABEL] ?? DEFAULT_REVISION) === revision,
  );
  const answers = await Promise.all(
    old.map(async ({ metadata }) => {
      const path = `/api/v1/namespaces/${ISTIO_NAMESPACE}/pods/${metadata.name}:15014/proxy/debug/syncz`;
      try {
        const proxies = (JSON.parse(await kube.raw(path)) ?? []) as { proxy?: string }[];
        return proxies.map(({ proxy }) => `proxy ${proxy ?? '(unnamed)'} is connected to ${metadata.name}`);
      } catch (error) {
        return [`${metadata.name} does not say who is connected to it (${(error as Error).message})`];
      }
    }),
  );
  return answers.flat();
}
