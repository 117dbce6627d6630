import { selects } from '../../../domain/label-selector.js';
import { INJECTION_LABEL, REVISION_LABEL } from '../../../domain/names.js';
import { isInPlace } from '../../../domain/plan.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check, CheckInput, Found } from '../check.js';
import { entriesOf, injects, webhooksOf, type PlacedWebhook } from './webhooks.js';

type Labels = Readonly<Record<string, string>>;

/** A pod that two webhooks select is injected twice, or by the wrong one (pitfalls 4b). */
export const doubleInjection: Check = {
  id: 'MESH047',
  look: async (input) => {
    const { reader, plan, release } = input;
    const [namespaces, pods, webhooks] = await Promise.all([
      reader.list('v1', 'namespaces'),
      reader.list('v1', 'pods'),
      webhooksAfterwards(input),
    ]);
    // In place the labels stay, and so do the webhooks but for what is in them.
    const moved = new Set(isInPlace(plan.route) ? [] : plan.waves.flatMap((wave) => wave.namespaces));
    return namespaces.flatMap((namespace): Found[] => {
      const { name, labels = {} } = namespace.metadata;
      const own = pods
        .filter(({ metadata }) => metadata.namespace === name)
        .map(({ metadata }) => metadata.labels ?? {});
      const now = selecting(webhooks.now, labels, own);
      if (now.length > 1) return [twice(name, now, 'gets sidecars')];
      const then = moved.has(name) ? selecting(webhooks.then, relabelled(labels, release.revision), own) : [];
      return then.length > 1 ? [twice(name, then, 'would get sidecars after its labels were changed')] : [];
    });
  },
};

/** The webhooks as they are, and with that of the new revision beside them. */
async function webhooksAfterwards({
  reader,
  target,
}: CheckInput): Promise<{ now: PlacedWebhook[]; then: PlacedWebhook[] }> {
  const now = (await webhooksOf(reader, 'MutatingWebhookConfiguration')).filter(({ webhook }) => injects(webhook));
  const { given } = await target.manifests();
  const added = given
    .filter(({ kind }) => kind === 'MutatingWebhookConfiguration')
    .flatMap((object: KubeObject) => entriesOf(object, 'MutatingWebhookConfiguration'))
    .filter(({ webhook }) => injects(webhook));
  const names = new Set(added.map(({ configuration }) => configuration));
  return { now, then: [...now.filter(({ configuration }) => !names.has(configuration)), ...added] };
}

function relabelled(labels: Labels, revision: string): Labels {
  const others = Object.entries(labels).filter(([key]) => key !== INJECTION_LABEL && key !== REVISION_LABEL);
  return { ...Object.fromEntries(others), [REVISION_LABEL]: revision };
}

/** The largest set of webhooks that select the same pod: one that runs there, or one without labels. */
function selecting(webhooks: readonly PlacedWebhook[], namespace: Labels, pods: readonly Labels[]): PlacedWebhook[] {
  const here = webhooks.filter(({ webhook }) => selects(webhook.namespaceSelector ?? {}, namespace));
  const perPod = [{}, ...pods].map((pod) => here.filter(({ webhook }) => selects(webhook.objectSelector ?? {}, pod)));
  return perPod.toSorted((a, b) => b.length - a.length)[0] ?? [];
}

function twice(namespace: string, webhooks: readonly PlacedWebhook[], what: string): Found {
  const names = webhooks.map(({ configuration, webhook }) => `${configuration} (${webhook.name})`);
  return {
    reason: 'InjectedTwice',
    message: `A pod of namespace ${namespace} ${what} from ${names.length} webhooks: ${names.join(' and ')}.`,
    remedy: 'Remove the webhook that is not meant, or narrow its namespaceSelector.',
    command: `kubectl get mutatingwebhookconfiguration ${webhooks.map(({ configuration }) => configuration).join(' ')} -o yaml`,
  };
}
