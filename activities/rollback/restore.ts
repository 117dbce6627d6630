import {
  creatableApi,
  decidedPart,
  mergePatchBetween,
  recordedName,
  type Json,
  type RecordedObject,
} from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { resourceOf } from './observe.js';

/**
 * Brings one object back to what the snapshot says, by the smallest merge patch; creates it again when it is gone.
 * Called again it finds nothing to do.
 * @param kept the object as it was when it was removed, and where that stands; the snapshot alone will do
 */
export async function restoreObject(
  context: ActivityContext,
  run: RunRef,
  recorded: RecordedObject,
  kept?: { readonly manifest: object; readonly source: string } | null,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const resource = resourceOf(recorded);
  const current = await kube.get(resource);
  const { name, ...collection } = resource;
  const plural = resource.plural;
  const place = recorded.namespace === null ? [] : ['-n', recorded.namespace];
  if (current === null) {
    const argv = ['kubectl', 'create', ...place, '-f', kept?.source ?? `(snapshot of ${recordedName(recorded)})`];
    await recordOperation(
      context.journal,
      run,
      { id: `recreate/${recordedName(recorded)}`, argv, mutating: true },
      async () => {
        const manifest = kept?.manifest ?? withType(recorded);
        await kube.create({ ...collection, api: creatableApi(collection.api, { ...manifest }) }, manifest);
        return { outcome: 'succeeded', value: undefined };
      },
    );
    return;
  }
  const now = decidedPart(recorded.collection, current as unknown as Record<string, Json>);
  const difference = mergePatchBetween(now, recorded.object);
  if (difference === null) return;
  const patch = withCaBundles(difference, current['webhooks']);
  const argv = [
    'kubectl',
    'patch',
    plural,
    name ?? '',
    ...place,
    '--type',
    'merge',
    '-p',
    shorten(JSON.stringify(patch)),
  ];
  await recordOperation(
    context.journal,
    run,
    { id: `restore/${recordedName(recorded)}`, argv, mutating: true },
    async () => {
      await kube.mergePatch(resource, patch);
      return { outcome: 'succeeded', value: undefined };
    },
  );
}

/**
 * A list is patched as a whole, and the snapshot holds no caBundle: without the present one the API server could not speak
 * to the webhook until istiod has written it again.
 */
function withCaBundles(patch: Record<string, Json>, webhooks: unknown): Record<string, Json> {
  if (!Array.isArray(patch['webhooks'])) return patch;
  const present = new Map(
    ((webhooks ?? []) as Webhook[]).map(({ name, clientConfig }) => [name, clientConfig.caBundle]),
  );
  const restored = (patch['webhooks'] as unknown as Webhook[]).map((webhook) => {
    const caBundle = present.get(webhook.name);
    return caBundle === undefined ? webhook : { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } };
  });
  return { ...patch, webhooks: restored as unknown as Json };
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string };
}

/** The journal keeps the command, not kilobytes of manifest. */
function shorten(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}...`;
}

const KINDS: Readonly<Record<string, string>> = {
  deployments: 'Deployment',
  daemonsets: 'DaemonSet',
  services: 'Service',
  configmaps: 'ConfigMap',
  serviceaccounts: 'ServiceAccount',
  horizontalpodautoscalers: 'HorizontalPodAutoscaler',
  poddisruptionbudgets: 'PodDisruptionBudget',
  roles: 'Role',
  rolebindings: 'RoleBinding',
  envoyfilters: 'EnvoyFilter',
  gateways: 'Gateway',
  sidecars: 'Sidecar',
  istiooperators: 'IstioOperator',
  mutatingwebhookconfigurations: 'MutatingWebhookConfiguration',
  validatingwebhookconfigurations: 'ValidatingWebhookConfiguration',
  clusterroles: 'ClusterRole',
  clusterrolebindings: 'ClusterRoleBinding',
};

function withType(recorded: RecordedObject): object {
  const { api, plural } = resourceOf(recorded);
  return { apiVersion: creatableApi(api, recorded.object), kind: KINDS[plural] ?? plural, ...recorded.object };
}
