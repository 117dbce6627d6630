const SHORTEST_MS = 5_000;
const LONGEST_MS = 60_000;
/** After so many reports they come half as often as at first. */
const SLOWER_AFTER = 100;

/** So many signals have no pause between them. */
const FREE_SIGNALS = 100;
/** Reached after 10,000 signals, which take seven hours by then. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * How long must be between two signals of a wave, whatever they tell: nothing at first, and the longer the more there were, so that
 * thousands of namespaces share them.
 * @param sent how many there were
 * @returns milliseconds
 */
export function betweenSignals(sent: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(0, sent - FREE_SIGNALS) / 2);
}

/**
 * How long until people are told again how far a wave is. Often at first, and once a minute in the end: each report is four
 * events in the history of the run, and Temporal takes 10,000 signals and 51,200 events. So a wave may move for a week
 * (`temporal server`, `limit.historyCount.error` and `history.maximumSignalsPerExecution`).
 * @param told how many reports there were
 * @returns milliseconds
 */
export function untilNextReport(told: number): number {
  return Math.min(LONGEST_MS, SHORTEST_MS * (1 + (told / SLOWER_AFTER) ** 2));
}
