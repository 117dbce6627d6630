import type { Pod } from '../../domain/pod.js';
import type { Trouble } from '../../domain/trouble.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import { statusOf } from '../kube/failures.js';
import { podsIn } from './resources.js';
import type { MoveInput } from './watch-workload.js';

/** After a refusal by a budget: this long, then twice as long each time. */
const FIRST_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 30_000;

/** Evicts pods one by one, and backs off where a budget refuses. */
export interface Evictor {
  /** Whether it was evicted by this evictor; a watch may show it for a little longer. */
  hasEvicted(pod: Pod): boolean;
  /** Evicts a pod, unless it is too early to ask again. @returns the budget that refuses it; null when there is none */
  evict(pod: Pod): Promise<Trouble | null>;
}

/** An evictor for the pods of one workload. */
export function createEvictor(context: ActivityContext, input: MoveInput): Evictor {
  const evicted = new Set<string>();
  let refusal: Trouble | null = null;
  let backOffMs = FIRST_BACK_OFF_MS;
  let notBefore = 0;
  return {
    hasEvicted: ({ metadata }) => evicted.has(metadata.uid ?? ''),
    async evict(pod) {
      if (Date.now() < notBefore) return refusal;
      const answer = await evictOnce(context, input, pod);
      if (answer === 'evicted') evicted.add(pod.metadata.uid ?? '');
      if (answer === 'evicted' || answer === 'gone') {
        [refusal, backOffMs, notBefore] = [null, FIRST_BACK_OFF_MS, 0];
        return null;
      }
      refusal = { reason: 'EvictionRefused', urgency: 'late', detail: answer.refused };
      notBefore = Date.now() + backOffMs;
      backOffMs = Math.min(backOffMs * 2, MAX_BACK_OFF_MS);
      return refusal;
    },
  };
}

type Answer = 'evicted' | 'gone' | { readonly refused: string };

/**
 * Asks the Eviction API for this very pod: its uid is a precondition, and which sidecar a pod has never changes, so that what a watch
 * has shown of it is enough.
 */
async function evictOnce(context: ActivityContext, { run, workload }: MoveInput, pod: Pod): Promise<Answer> {
  const { kube } = context.access(run.cluster);
  const { name, uid = '' } = pod.metadata;
  const resource = { ...podsIn(workload.namespace), name };
  const path = `/api/v1/namespaces/${workload.namespace}/pods/${name}/eviction`;
  const intent = {
    id: `evict/${workload.namespace}/${name}/${uid}`,
    argv: ['kubectl', 'create', '--raw', path, '-f', '-'],
  };
  return recordOperation<Answer>(context.journal, run, { ...intent, mutating: true }, async () => {
    try {
      const isEvicted = await kube.evict(resource, uid);
      if (isEvicted) return { outcome: 'succeeded', value: 'evicted' };
      return { outcome: 'unchanged', tail: 'it is not there any more', value: 'gone' };
    } catch (error) {
      // 429 is how a PodDisruptionBudget says no, and also how a busy server does: both mean later.
      if (statusOf(error) !== 429) throw error;
      const refused = (error as Error).message.replace(/\.$/, '');
      return { outcome: 'unchanged', tail: refused, value: { refused } };
    }
  });
}
