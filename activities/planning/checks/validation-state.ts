import type { Check, Found } from '../check.js';
import { validatesIstio, webhooksOf, type PlacedWebhook } from './webhooks.js';

/** istiod switches its validation to Ignore when it cannot be reached: then everything is accepted, unseen (pitfalls 4a.1). */
export const validationState: Check = {
  id: 'MESH049',
  look: async ({ reader, cluster }) => {
    const validating = await webhooksOf(reader, 'ValidatingWebhookConfiguration');
    const istios = validating.filter(({ webhook }) => validatesIstio(webhook));
    if (istios.length > 0) return istios.flatMap(stateOf);
    return [
      {
        reason: 'NotValidated',
        message: `No webhook of cluster ${cluster.id} validates Istio configuration: wrong configuration is accepted.`,
        remedy: 'Find out who switched it off (values.global.configValidation), and why.',
      },
    ];
  },
};

function stateOf({ configuration, webhook }: PlacedWebhook): Found[] {
  const what = `ValidatingWebhookConfiguration ${configuration} (${webhook.name})`;
  const command = `kubectl get validatingwebhookconfiguration ${configuration} -o yaml`;
  const ignores: Found = {
    reason: 'NotValidated',
    message: `${what} has failurePolicy Ignore: Istio configuration is accepted unseen when istiod does not answer.`,
    remedy: 'Look at the log of istiod; it sets Fail again once it can reach itself through Service istiod.',
    command,
  };
  const untrusted: Found = {
    // With Fail every object is refused, the run's own among them.
    severity: webhook.failurePolicy === 'Ignore' ? 'warning' : 'blocker',
    reason: 'NotValidated',
    message: `${what} has no caBundle: the API server cannot trust who answers.`,
    remedy: 'Restart istiod, which writes its own; delete the configuration if it is a left-over.',
    command,
  };
  return [
    ...(webhook.failurePolicy === 'Ignore' ? [ignores] : []),
    ...((webhook.clientConfig.caBundle ?? '') === '' ? [untrusted] : []),
  ];
}
