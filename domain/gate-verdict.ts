/** How a look ended, in the words of Argo Rollouts. No data is `inconclusive`, never `successful`. */
export type Verdict = 'successful' | 'failed' | 'inconclusive' | 'error';

/** One thing that a gate has measured, and what it was measured against. */
export interface Measurement {
  readonly metric: string;
  /** As it was asked, with every variable replaced. */
  readonly query?: string;
  /** Of the new revision; absent where there was no data. */
  readonly value?: number;
  /** The old revision's value of the same moment. */
  readonly control?: number;
  /** In words: `at most 0.01`. */
  readonly threshold?: string;
  readonly verdict: Verdict;
  /** Where a person sees it with their own eyes. */
  readonly link?: string;
  readonly detail?: string;
}

/** What a step of a gate that looks has found. */
export interface GateVerdict {
  readonly verdict: Verdict;
  /** For people: names cluster and wave, and for what failed the query, the value and the threshold. */
  readonly sentence: string;
  /** What to do about it; absent where the general advice is all there is. */
  readonly remedy?: string;
  readonly measurements: readonly Measurement[];
}
