/**
 * What a failure means for the run:
 * - `retry`: heals by itself, the activity is tried again.
 * - `block`: a person must look; the run stops at its place and `retry` goes on from there.
 * - `refuse`: the request was wrong; nothing changed.
 */
export type FailureMeaning = 'retry' | 'block' | 'refuse';

/** One reason word, as the reference, the API and the retry policies need it. */
export interface FailureKind {
  readonly meaning: FailureMeaning;
  /** Status of the HTTP answer when this failure answers a request. */
  readonly status: number;
  /** What the reason word means, as a sentence for the reference. */
  readonly sentence: string;
  /** What to do next. */
  readonly nextStep: string;
}
