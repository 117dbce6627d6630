import { CLUSTER_CHECKS } from './cluster-checks.js';
import type { CheckDescriptor, CheckGroup } from './descriptor.js';
import { WORKLOAD_CHECKS } from './workload-checks.js';

/** Every check, by its stable id. Used by the worker, `meshlift checks`, the API and the reference. */
export const CHECKS = { ...CLUSTER_CHECKS, ...WORKLOAD_CHECKS } as const satisfies Record<string, CheckDescriptor>;

export type CheckId = keyof typeof CHECKS;

/** Every id, in order. */
export const CHECK_IDS = (Object.keys(CHECKS) as CheckId[]).sort();

/** Whether a word is the id of a check. */
export function isCheckId(word: string): word is CheckId {
  return Object.hasOwn(CHECKS, word);
}

/** Whether a person may take the risk of a check. */
export function isWaivable(check: string): boolean {
  return isCheckId(check) && CHECKS[check].waivable;
}

/** A check as people look it up. */
export interface CheckEntry extends CheckDescriptor {
  readonly id: CheckId;
}

/** The whole catalogue, in order of the ids. */
export const CHECK_ENTRIES: readonly CheckEntry[] = CHECK_IDS.map((id) => ({ id, ...CHECKS[id] }));

/** How a check ended. `unknown`: the question could not be answered, which is never a pass. */
export type Verdict = 'pass' | 'info' | 'warning' | 'blocker' | 'unknown';

/** One check of the catalogue with its verdict. */
export interface CheckResult {
  readonly check: CheckId;
  readonly title: string;
  readonly group: CheckGroup;
  readonly verdict: Verdict;
}
