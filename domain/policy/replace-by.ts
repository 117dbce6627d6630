import { REPLACE_LABEL } from '../names.js';
import { desiredPods, type Workload } from '../rollout.js';
import { actionFor, type WorkloadAction } from '../workload-actions.js';
import type { WorkloadRef } from '../workload.js';
import { selects } from '../label-selector.js';
import { parseSelector } from './selector.js';
import type { Policy, ReplaceBy } from './schema.js';

/** How the pods of a workload are replaced, and why so. */
export interface Way {
  readonly by: ReplaceBy;
  /** A clause for the plan. */
  readonly why: string;
}

/**
 * Says for each workload whether its pods are evicted or restarted: its own label decides, then the first rule that fits,
 * then the policy. One of a single pod is evicted only where the policy allows the gap.
 */
export function waysToReplace({
  by,
  rules,
  allowGap,
}: Policy['replace']): (ref: WorkloadRef, workload: Workload) => Way {
  const parsed = rules.map((rule) => ({
    ...rule,
    fits: fitting(rule.selector),
  }));
  const wishOf = ({ kind, namespace, name }: WorkloadRef, { metadata }: Workload): Way => {
    const { labels = {} } = metadata;
    const own = labels[REPLACE_LABEL];
    if (own === 'evict' || own === 'restart') return { by: own, why: `its label ${REPLACE_LABEL} says so` };
    const rule = parsed.find(
      (candidate) =>
        (candidate.namespace ?? namespace) === namespace &&
        (candidate.workload ?? `${kind}/${name}`) === `${kind}/${name}` &&
        candidate.fits(labels),
    );
    return rule === undefined
      ? { by, why: 'the policy says so' }
      : { by: rule.by, why: 'a rule of the policy says so' };
  };
  return (ref, workload) => {
    const wish = wishOf(ref, workload);
    const hasGap = wish.by === 'evict' && desiredPods(ref.kind, workload) < 2 && !allowGap;
    if (!hasGap || actionFor(ref.kind, workload).action !== 'restart') return wish;
    return { by: 'restart', why: 'evicting its only pod would leave a gap, which the policy does not allow' };
  };
}

/** What is done with a workload that is to be replaced so: what could be restarted is evicted where that is wanted. */
export function actionBy(action: WorkloadAction, by: ReplaceBy): WorkloadAction {
  return action === 'restart' && by === 'evict' ? 'evict' : action;
}

function fitting(selector: string | undefined): (labels: Readonly<Record<string, string>>) => boolean {
  if (selector === undefined) return () => true;
  const parsed = parseSelector(selector);
  // The schema has refused what is none; it must never be taken for one that selects everything.
  return parsed === null ? () => false : (labels) => selects(parsed, labels);
}
