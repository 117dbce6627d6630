import type { KubeObject } from '../../kube/types.js';
import type { Check, Found } from '../check.js';
import { stopsARun, webhooksOf, type PlacedWebhook } from './webhooks.js';

interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly unknown[] }[];
}

/** A webhook that nobody answers holds up what it is asked about: pods, or configuration (pitfalls 4a.1, 4a.2). */
export const deadWebhooks: Check = {
  id: 'MESH048',
  look: async ({ reader }) => {
    const [mutating, validating, services, endpoints] = await Promise.all([
      webhooksOf(reader, 'MutatingWebhookConfiguration'),
      webhooksOf(reader, 'ValidatingWebhookConfiguration'),
      reader.list('v1', 'services'),
      reader.list('v1', 'endpoints'),
    ]);
    return [...mutating, ...validating].flatMap((placed): Found[] => {
      const { service } = placed.webhook.clientConfig;
      if (service === undefined) return [];
      const isIt = ({ metadata }: KubeObject) =>
        metadata.name === service.name && metadata.namespace === service.namespace;
      if (!services.some(isIt)) return [dead(placed, 'does not exist')];
      const { subsets = [] } = (endpoints.find(isIt) ?? {}) as Endpoints;
      const answers = subsets.some(({ addresses = [] }) => addresses.length > 0);
      return answers ? [] : [dead(placed, 'has no ready endpoint')];
    });
  },
};

function dead({ kind, configuration, webhook }: PlacedWebhook, why: string): Found {
  const { namespace = '', name = '' } = webhook.clientConfig.service ?? {};
  const stops = stopsARun(webhook);
  const effect = stops
    ? 'What it is asked about is refused, and the run needs some of that.'
    : 'It is passed over, or is asked about nothing that the run needs.';
  return {
    severity: stops ? 'blocker' : 'warning',
    reason: 'WebhookPointsNowhere',
    message: `${kind} ${configuration} (${webhook.name}) calls Service ${namespace}/${name}, which ${why}. ${effect}`,
    remedy: 'Bring the service up, or delete the webhook if it is a left-over.',
    command: `kubectl get ${kind.toLowerCase()} ${configuration} -o yaml\nkubectl -n ${namespace} get endpoints ${name}`,
  };
}
