import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { isOwn, ownObjects, pluralOf, revisionOf } from '../../domain/old-revision.js';
import { keyOf, recordedName, type RecordedObject } from '../../domain/snapshot.js';
import type { KubeObject } from '../kube/types.js';
import { observe } from '../rollback/observe.js';
import type { Usage } from './old-revision-usage.js';

const WEBHOOKS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;

/** Webhooks that would lead nowhere, or to another control plane than they mean: tags, and those of other people. */
export async function webhooksOn({ kube, route, before }: Usage): Promise<string[]> {
  const { revision } = route.from;
  const own = new Set(ownObjects(before, route).map(({ uid }) => uid));
  const service = revision === DEFAULT_REVISION ? 'istiod' : `istiod-${revision}`;
  const lists = await Promise.all(
    WEBHOOKS.map(async (plural) => {
      const { items } = await kube.list({ api: 'admissionregistration.k8s.io/v1', plural });
      return items
        .filter(({ metadata }) => !own.has(metadata.uid))
        .flatMap((webhook) => {
          if (webhook.metadata.labels?.[REVISION_LABEL] === revision && plural === 'mutatingwebhookconfigurations')
            return [`webhook ${webhook.metadata.name} injects for it`];
          // Validation calls Service istiod, which goes on living with the new control plane behind it.
          const survives = plural === 'validatingwebhookconfigurations' && service === 'istiod';
          return !survives && calls(webhook, service) ? [`webhook ${webhook.metadata.name} calls its Service`] : [];
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
  const own = new Map(ownObjects(before, route).map((entry) => [keyOf(entry), entry]));
  const { objects } = await observe(kube, run);
  return objects.flatMap((entry) => {
    const recorded = own.get(keyOf(entry));
    if (recorded !== undefined && isSame(recorded, entry)) return [];
    if (recorded !== undefined && (revisionOf(entry) === revision || pluralOf(entry) === 'deployments'))
      return [`${recordedName(entry)} was made anew after the run began, by somebody else`];
    return recorded === undefined && isLabelled(entry, revision)
      ? [`${recordedName(entry)} carries ${REVISION_LABEL}=${revision}, and only the old control plane reads it`]
      : [];
  });
}

/** Whether an object is the very one that was recorded. Of old snapshots nothing more than the name is known. */
export function isSame(recorded: Pick<RecordedObject, 'uid'>, now: Pick<RecordedObject, 'uid'>): boolean {
  return recorded.uid === undefined || recorded.uid === now.uid;
}

/** Whether an object belongs to the revision in a way that ends with it; what is shared may carry the label, too. */
export function isLabelled(entry: RecordedObject, revision: string): boolean {
  const plural = pluralOf(entry);
  return revisionOf(entry) === revision && (plural === 'envoyfilters' || isOwn(entry, revision));
}
