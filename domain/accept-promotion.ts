import { judgedStep } from './gates.js';
import { refuse, wrongPhase } from './refuse.js';
import type { Refusal, RunCommand, RunState } from './run.js';

type Promotion = Extract<RunCommand, { readonly type: 'promote' }>;

/** Whether a run takes a promotion: of the gate it is at, for the plan that it follows, by somebody who has not given it yet. */
export function acceptPromotion(state: RunState, command: Promotion): Refusal | null {
  const { soak, override } = command;
  if (soak !== undefined && override !== undefined)
    return refuse(state, 'InvalidRequest', 'promoted', 'a soak and an override are two different things');
  if (soak !== undefined) return acceptSoak(state, command);
  if (override !== undefined) return acceptOverride(state, command);
  const { phase } = state;
  if (phase.name !== 'awaitingPromotion') return wrongPhase(state, 'promoted', whyNot(state));
  const refusal = acceptGate(state, command, phase.gate);
  if (refusal !== null) return refusal;
  const earlier = phase.approvals.find(({ by }) => by === command.by);
  if (earlier === undefined) return null;
  const needs = `gate ${phase.gate} needs ${phase.approvers} different people`;
  return refuse(state, 'AlreadyApproved', 'promoted', `${earlier.by} did so at ${earlier.at}, and ${needs}`);
}

function whyNot(state: RunState): string {
  const { phase } = state;
  if (phase.name === 'soaking') return `it soaks until ${phase.until}; \`--soak skip\` ends that`;
  if (judgedStep(state) !== null)
    return 'its gate looks, and did not find it good; `--override "..."` goes on all the same';
  return 'it waits at no gate';
}

function acceptSoak(state: RunState, command: Promotion): Refusal | null {
  const { phase } = state;
  if (phase.name !== 'soaking') return wrongPhase(state, 'given another soak', 'it does not soak');
  return acceptGate(state, command, gateOf(state, phase.wave));
}

function acceptOverride(state: RunState, command: Promotion): Refusal | null {
  const judged = judgedStep(state);
  if (judged === null)
    return wrongPhase(state, 'promoted past its gate', 'no analysis, webhook or job stands in its way');
  return acceptGate(state, command, gateOf(state, judged.wave));
}

function acceptGate(state: RunState, { gate, planHash }: Promotion, there: string): Refusal | null {
  const { plan } = state;
  if (there !== gate) return refuse(state, 'WrongGate', 'promoted', `it does not wait at gate ${gate}`);
  if (plan?.hash === planHash) return null;
  return refuse(state, 'PlanChanged', 'promoted', `it follows the plan ${plan?.hash ?? '(none)'}, not ${planHash}`);
}

function gateOf({ plan }: RunState, wave: number): string {
  return plan?.waves[wave]?.gate ?? '';
}
