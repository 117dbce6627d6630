import { named } from '../../../domain/named.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';
import { holderOf, meshedPods } from '../meshed-pods.js';

/** How long a proxy goes on with its connections when its pod is told to end, unless it is told otherwise. */
const DRAIN_SECONDS = 5;
const DRAIN_VARIABLE = 'TERMINATION_DRAIN_DURATION_SECONDS';

interface Spec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly { readonly name: string; readonly env?: readonly { name: string; value?: string }[] }[];
}

/** A pod that is killed before its proxy has drained breaks requests in each restart. */
export const drainTime: Check = {
  id: 'MESH087',
  look: async ({ reader }) => {
    const names = (await meshedPods(reader)).flatMap(({ object }) => {
      const { terminationGracePeriodSeconds: grace = 30 } = specOf(object);
      if (grace > drainSeconds(object)) return [];
      return [`${holderOf(object)} (${grace} s)`];
    });
    const unique = [...new Set(names)];
    if (unique.length === 0) return [];
    return [
      {
        reason: 'GracePeriodTooShort',
        message: `These are killed before their proxy has drained: ${named(unique)}. Requests under way break when they restart.`,
        remedy: `Give them a terminationGracePeriodSeconds above the drain time of the proxy (${DRAIN_SECONDS} seconds unless ${DRAIN_VARIABLE} says otherwise).`,
      },
    ];
  },
};

function drainSeconds(object: KubeObject): number {
  const proxy = specOf(object).containers.find(({ name }) => name === 'istio-proxy');
  const text = proxy?.env?.find(({ name }) => name === DRAIN_VARIABLE)?.value;
  return text === undefined ? DRAIN_SECONDS : Number.parseInt(text, 10);
}

function specOf(object: KubeObject): Spec {
  return object['spec'] as Spec;
}
