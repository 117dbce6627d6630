import type { FailureReason } from './failures.js';
import { phaseTitle } from './phases.js';
import type { Refusal, RunState } from './run.js';

/** A command that does not fit the phase. @param doing what cannot be done, `paused`; @param why as a sentence's end */
export function wrongPhase(state: RunState, doing: string, why: string): Refusal {
  return refuse(state, 'WrongPhase', doing, why);
}

/** A command that is not accepted, as a sentence that names cluster and phase. */
export function refuse({ cluster, phase }: RunState, reason: FailureReason, doing: string, why: string): Refusal {
  return {
    reason,
    message: `The run of cluster ${cluster} cannot be ${doing} in phase "${phaseTitle(phase)}": ${why}.`,
  };
}
