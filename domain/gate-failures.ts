import type { FailureKind } from './failure-kind.js';

const LOOK_AGAIN =
  '`retry` looks again, `promote --override "..."` goes on in spite of it and keeps who did that and why, `rollback` goes back.';

/** What gates and policies say no to, and why they stop a run. A part of `FAILURES`. */
export const GATE_FAILURES = {
  GateFailed: {
    meaning: 'block',
    status: 409,
    sentence: 'A gate has looked at the wave, and what it saw is not good enough.',
    nextStep: `Look at what the message names. Then: ${LOOK_AGAIN}`,
  },
  GateInconclusive: {
    meaning: 'block',
    status: 409,
    sentence: 'A gate could not tell whether the wave is well: there was no data, or no answer.',
    nextStep: `Find out why there is no data. Then: ${LOOK_AGAIN}`,
  },
  WaveMovedBack: {
    meaning: 'block',
    status: 409,
    sentence: 'A gate has failed, so the namespaces of its wave are on the old control plane again.',
    nextStep: 'Mend what the message names, then `retry` moves the wave once more; or roll back.',
  },
  AlreadyApproved: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The gate needs several people, and this one has approved already.',
    nextStep: 'Let somebody else promote the run.',
  },
  PolicyFixed: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The new policy changes what cannot change in a run, or in a wave that has begun.',
    nextStep:
      'Leave the waves and the time of the gateways as the plan has them; gates, budget, replacement, failures and timeouts of later waves can change.',
  },
} as const satisfies Record<string, FailureKind>;
