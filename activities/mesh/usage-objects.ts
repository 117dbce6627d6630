import { inRevision, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { driverOf, type Route } from '../../domain/plan.js';
import { isOwn, ownObjects, pluralOf, revisionOf } from '../../domain/old-revision.js';
import { keyOf, recordedName, type RecordedObject } from '../../domain/snapshot.js';
import { willBePointed } from '../helm/retire.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { observe, resourceOf } from '../rollback/observe.js';
import type { Usage } from './usage.js';

const WEBHOOKS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;

/** Webhooks that would lead nowhere, or to another control plane than they mean: tags, and those of other people. */
export async function webhooksOn({ kube, route, before }: Usage): Promise<string[]> {
  const { revision } = route.from;
  const own = new Set(ownObjects(before, route).map(({ uid }) => uid));
  const isOfTheGuide = driverOf(route) === 'asm-1.6';
  const service = inRevision('istiod', revision);
  const lists = await Promise.all(
    WEBHOOKS.map(async (plural) => {
      const { items } = await kube.list({ api: 'admissionregistration.k8s.io/v1', plural });
      return items
        .filter(({ metadata }) => !own.has(metadata.uid))
        .flatMap((webhook) => {
          if (webhook.metadata.labels?.[REVISION_LABEL] === revision && plural === 'mutatingwebhookconfigurations')
            return [`webhook ${webhook.metadata.name} injects for it`];
          // Validation calls Service istiod, which goes on living with the new control plane behind it.
          const survives = plural === 'validatingwebhookconfigurations' && service === 'istiod' && isOfTheGuide;
          return !survives && !(route.installer === 'helm' && willBePointed(webhook)) && calls(webhook, service)
            ? [`webhook ${webhook.metadata.name} calls its Service`]
            : [];
        });
    }),
  );
  return lists.flat();
}

function calls({ webhooks }: KubeObject, name: string): boolean {
  const entries = (webhooks ?? []) as { clientConfig?: { service?: { name: string; namespace: string } } }[];
  return entries.some(
    ({ clientConfig }) => clientConfig?.service?.name === name && clientConfig.service.namespace === ISTIO_NAMESPACE,
  );
}

/**
 * Objects that say they belong to the old revision and are not those that the run saw when it began: somebody else's
 * (pitfalls 4a.11), or configuration that only the old control plane reads (pitfalls 4b).
 */
export async function foreignObjects({ kube, run, route, before }: Usage): Promise<string[]> {
  const { revision } = route.from;
  const own = ownObjects(before, route);
  const remade = (await stillThere(kube, own)).filter(({ recorded, now }) => {
    const claims = now.metadata.labels?.[REVISION_LABEL] === revision || pluralOf(recorded) === 'deployments';
    return claims && !isSame(recorded, now);
  });
  const known = new Set(own.map(keyOf));
  const { objects } = await observe(kube, run);
  const others = objects.filter((entry) => !known.has(keyOf(entry)) && isLabelled(entry, route));
  return [
    ...remade.map(({ recorded }) => `${recordedName(recorded)} was made anew after the run began, by somebody else`),
    ...others.map(
      (entry) =>
        `${recordedName(entry)} carries ${REVISION_LABEL}=${revision}, and only the old control plane reads it`,
    ),
  ];
}

/** Recorded objects whose name is taken now, by themselves or by others. */
export async function stillThere(
  kube: KubeClient,
  recorded: readonly RecordedObject[],
): Promise<{ recorded: RecordedObject; now: KubeObject }[]> {
  const found = await Promise.all(
    recorded.map(async (entry) => ({ recorded: entry, now: await kube.get(resourceOf(entry)) })),
  );
  return found.flatMap(({ recorded: entry, now }) => (now === null ? [] : [{ recorded: entry, now }]));
}

/** Whether an object is the very one that was recorded. Of old snapshots nothing more than the name is known. */
export function isSame({ uid }: Pick<RecordedObject, 'uid'>, { metadata }: KubeObject): boolean {
  return uid === undefined || uid === metadata.uid;
}

/** Whether an object belongs to the revision in a way that ends with it; what is shared may carry the label, too. */
export function isLabelled(entry: RecordedObject, route: Route): boolean {
  const plural = pluralOf(entry);
  return revisionOf(entry) === route.from.revision && (plural === 'envoyfilters' || isOwn(entry, route));
}
