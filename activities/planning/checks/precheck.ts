import { accessArguments } from '../../kube/access-arguments.js';
import { failure } from '../../failure.js';
import type { Check, Found } from '../check.js';
import { messagesIn, whyNoAnswer, type LevelledMessage } from '../istioctl-messages.js';

/** A plan waits a minute for all its checks. */
const LONGEST_MS = 40_000;

/**
 * What the target's own istioctl says about this cluster before an upgrade: its Kubernetes, its Gateway API, behaviour that changes
 * between the two releases. Current Istio only: older ones have no such command.
 */
export const precheck: Check = {
  id: 'MESH056',
  look: async ({ target, cluster, plan }) => {
    const from = minorOf(plan.route?.from.version ?? '');
    const args = ['experimental', 'precheck', '--output', 'json', '--output-threshold', 'Warning'];
    const since = from === null ? [] : ['--from-version', from];
    const result = await target.istioctl([...args, ...since, ...accessArguments(cluster)], LONGEST_MS);
    const messages = messagesIn(result.stdout);
    if (messages !== null) return messages.map(found);
    // It prints no JSON at all when it is content.
    if (result.exitCode === 0) return [];
    const message = `istioctl precheck ${target.version} of cluster ${cluster.id} gave no answer: ${whyNoAnswer(result)}`;
    throw failure('KubernetesRequestFailed', message);
  },
};

/** `1.30`, of `1.30.3`. */
function minorOf(version: string): string | null {
  return /^\d+\.\d+/.exec(version)?.[0] ?? null;
}

function found({ code, message, origin, level }: LevelledMessage): Found {
  return {
    severity: level === 'Error' ? 'blocker' : 'warning',
    reason: code,
    message: `${origin ?? 'The cluster'}: ${message.replace(/\.$/, '')}.`,
    remedy: `Mend it before the upgrade; the release's own precheck tells of it (${code}).`,
    command: 'istioctl experimental precheck',
  };
}
