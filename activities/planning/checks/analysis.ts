import { newMessages, type AnalysisMessage, type NewMessage } from '../../../domain/analysis.js';
import { failure } from '../../failure.js';
import { accessArguments } from '../../kube/access-arguments.js';
import type { Check, CheckInput, Found } from '../check.js';
import { messagesIn, whyNoAnswer } from '../istioctl-messages.js';
import type { ReleaseTools } from '../release-tools.js';
import { mayI } from './access-review.js';

/**
 * It has 25 s of its own, and does not always keep to them: of a kind that the server has in another version it waits for ever.
 * A person who asked for a plan must not wait in vain for all the other answers.
 */
const LONGEST_MS = 40_000;

/**
 * istioctl's own analysis knows rules of its release that nobody else knows (pitfalls 4b). What the running release's own
 * istioctl says as well is no news: people live with it, and the upgrade changes nothing about it.
 */
export const analysis: Check = {
  id: 'MESH045',
  look: async (input) => {
    await requireSecrets(input);
    const all = await analyse(input, input.target);
    if (all.length === 0) return [];
    const before = await analyseSource(input);
    const fresh = before.known
      ? newMessages(all, before.messages)
      : all.map((message) => ({ ...message, instead: [] }));
    return fresh.map((message) => found(message, before));
  },
};

/** What the running release's istioctl says, or why that is not known. */
type SourceAnalysis =
  | { readonly known: true; readonly version: string; readonly messages: readonly AnalysisMessage[] }
  | { readonly known: false; readonly why: string };

async function analyseSource(input: CheckInput): Promise<SourceAnalysis> {
  const { source, plan, signal } = input;
  if (source === null)
    return {
      known: false,
      why: `the catalogue has no release of exactly ${plan.route?.from.version ?? 'its version'}`,
    };
  try {
    return { known: true, version: source.version, messages: await analyse(input, source) };
  } catch (error) {
    signal.throwIfAborted();
    return { known: false, why: (error as Error).message.replace(/\.$/, '') };
  }
}

function found({ code, message, origin, instead }: NewMessage, before: SourceAnalysis): Found {
  return {
    reason: code,
    message: `${origin ?? 'The mesh'}: ${message.replace(/\.$/, '')}. ${comparison(instead, before)}`,
    remedy: `Mend it before the upgrade; the release's own analysis calls it an error (${code}).`,
    command: 'istioctl analyze --all-namespaces --output-threshold Error',
  };
}

function comparison(instead: readonly string[], before: SourceAnalysis): string {
  if (!before.known)
    return `Whether the running release finds it as well is not known: its own istioctl could not be asked, because ${before.why}.`;
  const other = instead.length === 0 ? '' : `; of the same object it says: ${instead.join('; ')}`;
  return `The istioctl of the running ${before.version} does not say so${other}.`;
}

/** istioctl waits until it has read everything: for what it may not read it would wait in vain. */
async function requireSecrets({ kube }: CheckInput): Promise<void> {
  if ((await mayI(kube, { group: '', resource: 'secrets', verb: 'list' })).allowed) return;
  throw failure(
    'PermissionDenied',
    'istioctl analyze reads the Secrets of every namespace, which this identity may not.',
  );
}

async function analyse({ cluster }: CheckInput, tools: ReleaseTools): Promise<AnalysisMessage[]> {
  const args = ['analyze', '--all-namespaces', '--output', 'json', '--output-threshold', 'Error', '--timeout', '25s'];
  const result = await tools.istioctl([...args, ...accessArguments(cluster)], LONGEST_MS);
  // The exit code says whether something was found as well as whether something went wrong: the JSON tells them apart.
  const messages = messagesIn(result.stdout);
  if (messages !== null) return messages;
  const message = `istioctl analyze ${tools.version} of cluster ${cluster.id} gave no answer: ${whyNoAnswer(result)}`;
  throw failure('KubernetesRequestFailed', message);
}
