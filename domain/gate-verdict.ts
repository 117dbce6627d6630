/** What one look at a gate, or at one metric of it, says. Words of Argo Rollouts, in small letters. */
export type GateOutcome = 'successful' | 'failed' | 'inconclusive' | 'error';

/** One look that a verdict rests on. */
export interface GateMeasurement {
  readonly metric: string;
  /** As it was asked, with all variables replaced. */
  readonly query?: string;
  readonly value?: number;
  /** What the old revision had. */
  readonly control?: number;
  /** What the value had to be, in words. */
  readonly threshold?: string;
  readonly verdict: GateOutcome;
  /** Where a person sees the same. */
  readonly link?: string;
  readonly detail?: string;
}

/** What a gate step came to. */
export interface GateVerdict {
  readonly verdict: GateOutcome;
  /** Names cluster, wave and namespaces, and what decided. */
  readonly sentence: string;
  readonly remedy?: string;
  /** Of each metric the measurement that decided it; all of them are in the journal of the run. */
  readonly measurements: readonly GateMeasurement[];
}
