import { z } from 'zod';
import { failure } from '../../failure.js';
import type { Check, CheckInput } from '../check.js';
import { mayI } from './access-review.js';

/** It says `null` when it found less than was asked for. */
const messagesSchema = z
  .array(z.object({ code: z.string(), message: z.string(), origin: z.string().optional() }))
  .nullable();

/** istioctl's own analysis knows rules of its release that nobody else knows (pitfalls 4b). */
export const analysis: Check = {
  id: 'MESH045',
  look: async (input) => {
    const messages = await analyse(input);
    return messages.map(({ code, message, origin }) => ({
      reason: code,
      message: `${origin ?? 'The mesh'}: ${message}`,
      remedy: `Mend it before the upgrade; the release's own analysis calls it an error (${code}).`,
      command: 'istioctl analyze --all-namespaces --output-threshold Error',
    }));
  },
};

async function analyse({ target, cluster, kube }: CheckInput) {
  // It waits until it has them all. An identity with no more than the rights of the run has not, and need not have.
  if (!(await mayI(kube, { group: '', resource: 'secrets', verb: 'list' })).allowed)
    throw failure(
      'PermissionDenied',
      'istioctl analyze reads the Secrets of every namespace, which this identity may not.',
    );
  const access = [
    '--kubeconfig',
    cluster.kubeconfig,
    ...(cluster.context === undefined ? [] : ['--context', cluster.context]),
  ];
  const args = ['analyze', '--all-namespaces', '--output', 'json', '--output-threshold', 'Error', '--timeout', '25s'];
  const { stdout, stderr, tail } = await target.istioctl([...args, ...access], 40_000);
  // The exit code says whether something was found as well as whether something went wrong: the JSON tells them apart.
  const begin = stdout.search(/^(\[|null$)/m);
  if (begin === -1) {
    throw failure(
      'KubernetesRequestFailed',
      `istioctl analyze of cluster ${cluster.id} gave no answer: ${whyOf(stderr, tail)}`,
    );
  }
  return messagesSchema.parse(JSON.parse(stdout.slice(begin))) ?? [];
}

/** What it may not read it waits for in vain: the time that is up is not the reason then. */
function whyOf(stderr: string, tail: string): string {
  const forbidden = /\S+ is forbidden: .*/.exec(stderr)?.[0];
  return forbidden ?? tail.trim().split('\n').at(-1) ?? 'it said nothing';
}
