import type { LabelSelector } from '../../../domain/label-selector.js';
import type { KubeObject } from '../../kube/types.js';
import type { ClusterReader } from '../cluster-reader.js';

interface WebhookRule {
  readonly apiGroups?: readonly string[];
  readonly operations?: readonly string[];
  readonly resources?: readonly string[];
}

/** One entry of a webhook configuration. */
export interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly rules?: readonly WebhookRule[];
  readonly clientConfig: {
    readonly caBundle?: string;
    readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string };
  };
}

/** A webhook, and the configuration that it stands in. */
export interface PlacedWebhook {
  readonly kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';
  readonly configuration: string;
  readonly webhook: Webhook;
}

/** Every webhook of one kind in the cluster. */
export async function webhooksOf(reader: ClusterReader, kind: PlacedWebhook['kind']): Promise<PlacedWebhook[]> {
  const objects = await reader.list('admissionregistration.k8s.io/v1', `${kind.toLowerCase()}s`);
  return objects.flatMap((object) => entriesOf(object, kind));
}

/** The entries of one configuration. */
export function entriesOf(object: KubeObject, kind: PlacedWebhook['kind']): PlacedWebhook[] {
  const webhooks = (object['webhooks'] ?? []) as readonly Webhook[];
  return webhooks.map((webhook) => ({ kind, configuration: object.metadata.name, webhook }));
}

/** Whether a webhook is asked about new pods. */
export function seesNewPods({ rules = [] }: Webhook): boolean {
  return touches(rules, '', ['pods'], 'CREATE');
}

/** Whether a webhook injects sidecars: it sees new pods, and its service answers for injection. */
export function injects(webhook: Webhook): boolean {
  return seesNewPods(webhook) && (webhook.clientConfig.service?.path ?? '').includes('/inject');
}

/** Whether a webhook validates configuration of Istio. */
export function validatesIstio({ rules = [] }: Webhook): boolean {
  return rules.some(({ apiGroups = [] }) => apiGroups.includes('networking.istio.io'));
}

/** What a run creates or changes in namespaces that are not its own. */
const NEEDED: readonly (readonly [string, readonly string[], string])[] = [
  ['', ['pods'], 'CREATE'],
  ['', ['namespaces', 'services', 'configmaps', 'serviceaccounts'], 'UPDATE'],
  ['apps', ['deployments', 'statefulsets', 'daemonsets'], 'UPDATE'],
  ['apps', ['replicasets'], 'CREATE'],
  ['networking.istio.io', ['*'], 'CREATE'],
  ['rbac.authorization.k8s.io', ['clusterroles', 'clusterrolebindings'], 'UPDATE'],
  ['apiextensions.k8s.io', ['customresourcedefinitions'], 'UPDATE'],
];

/** Whether a request that a run makes, or causes, would be held up by a webhook that does not answer. */
export function stopsARun({ failurePolicy = 'Fail', rules = [] }: Webhook): boolean {
  return (
    failurePolicy === 'Fail' &&
    NEEDED.some(([group, resources, operation]) => touches(rules, group, resources, operation))
  );
}

function touches(rules: readonly WebhookRule[], group: string, wanted: readonly string[], operation: string): boolean {
  return rules.some(({ apiGroups = [], operations = [], resources = [] }) => {
    const inGroup = apiGroups.includes('*') || apiGroups.includes(group);
    const inVerb = operations.includes('*') || operations.includes(operation);
    const names = resources.map((resource) => resource.split('/')[0] ?? resource);
    return (
      inGroup && inVerb && (names.includes('*') || wanted.includes('*') || wanted.some((name) => names.includes(name)))
    );
  });
}
