import { beginWave, enter, goBack } from './enter.js';
import { GATE_FAILURES } from './gate-failures.js';
import { stepText } from './policy/gate-words.js';
import { canMoveBackAlone, gateStepsOf, policyOfWave } from './policy/of-wave.js';
import type { Policy } from './policy/schema.js';
import type { ForwardPhase, InGate, JudgedStep, Obstacle, Phase, RunEvent, RunState } from './run.js';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;
type Looking = Extract<ForwardPhase, { readonly name: 'soaking' | 'analysing' }>;

/** Comes to a step of a gate, past those that are nothing to wait for; behind the last one the next wave begins. */
export function enterStep(state: RunState, { wave, step, passed = [] }: InGate, at: string): RunState {
  const next = gateStepsOf(state, wave)[step];
  if (next === undefined) return beginWave(state, wave + 1, at);
  const place = { wave, step, ...(passed.length === 0 ? {} : { passed }) };
  const onward = () => enterStep(state, { ...place, step: step + 1 }, at);
  if (passed.includes(step)) return onward();
  if ('soak' in next) {
    if (next.soak === 0) return onward();
    const until = later(at, next.soak);
    return enter(state, { name: 'soaking', ...place, until }, at, `until ${until}`);
  }
  if (!('manual' in next)) return enter(state, { name: 'analysing', ...place }, at, stepText(next));
  const gate = gateOf(state, wave);
  const { approvers } = next;
  return enter(state, { name: 'awaitingPromotion', ...place, gate, approvers, approvals: [] }, at, `gate ${gate}`);
}

/** A soak is over by itself. */
export function soakFinished(state: RunState, { at }: EventOf<'soakFinished'>): RunState {
  const { phase } = state;
  return phase.name === 'soaking' ? enterStep(state, { ...phase, step: phase.step + 1 }, at) : state;
}

/** Somebody has made a soak longer or shorter; one that ends before now ends now. */
export function soakAdjusted(state: RunState, { at, by, soak }: EventOf<'soakAdjusted'>): RunState {
  const { phase } = state;
  if (phase.name !== 'soaking') return state;
  const until = soak === 'skip' ? at : later(phase.until, soak.extendSeconds);
  if (until <= at) return enterStep(state, { ...phase, step: phase.step + 1 }, at);
  return enter(state, { ...phase, until }, at, `until ${until}, by ${by}`);
}

/** A person promotes: one of those whom the gate needs, or in spite of what a looking step says. */
export function promoted(state: RunState, event: EventOf<'promoted'>): RunState {
  const { phase } = state;
  if (event.override !== undefined) return overridden(state, event);
  const { at, gate, by } = event;
  if (phase.name !== 'awaitingPromotion' || phase.gate !== gate) return state;
  if (phase.approvals.some((approval) => approval.by === by)) return state;
  const approvals = [...phase.approvals, { by, at }];
  const known = { ...state, promotions: [...state.promotions, { gate, by, at }] };
  if (approvals.length >= phase.approvers) return enterStep(known, { ...phase, step: phase.step + 1 }, at);
  return enter(known, { ...phase, approvals }, at, `promoted by ${by}, ${approvals.length} of ${phase.approvers}`);
}

/**
 * The looking step that stands in the way, or is under way: what a person can promote past.
 * @returns null where there is none
 */
export function judgedStep({ phase }: Pick<RunState, 'phase'>): (InGate & { readonly during: Looking }) | null {
  if (phase.name === 'analysing') return { ...phase, during: phase };
  if (phase.name !== 'blocked') return null;
  const { during, judged } = phase;
  if (during.name === 'analysing') return { ...during, during };
  return during.name === 'soaking' && judged !== undefined ? { ...during, step: judged, during } : null;
}

function overridden(state: RunState, { at, by, gate, override = '' }: EventOf<'promoted'>): RunState {
  const judged = judgedStep(state);
  if (judged === null || gateOf(state, judged.wave) !== gate) return state;
  const { during, step } = judged;
  const passed = [...(during.passed ?? []), step];
  const known = { ...state, promotions: [...state.promotions, { gate, by, at, override }] };
  // What is left of a soak is left: only this look is not asked any more.
  if (during.name === 'soaking') return enter(known, { ...during, passed }, at, `${by}: ${override}`);
  return enterStep(known, { ...during, passed }, at);
}

/** A looking step has said what it thinks. While the wave soaks only a failure counts: it is judged once more at the end. */
export function gateJudged(state: RunState, event: EventOf<'gateJudged'>): RunState {
  const { phase } = state;
  if (!isAsked(state, event)) return state;
  const known = { ...state, verdicts: withVerdict(state, event) };
  if (phase.name === 'analysing' && event.verdict === 'successful')
    return enterStep(known, { ...phase, step: phase.step + 1 }, event.at);
  if (phase.name !== 'analysing' && event.verdict !== 'failed') return known;
  return stopped(known, event);
}

function isAsked(state: RunState, { wave, step }: EventOf<'gateJudged'>): boolean {
  const { phase } = state;
  if (phase.name === 'analysing') return phase.wave === wave && phase.step === step;
  if (phase.name !== 'soaking' || phase.wave !== wave) return false;
  return isLooking(state, phase, step) || (looksAtPods(phase) && step === phase.step);
}

function isLooking(state: RunState, phase: InGate, step: number): boolean {
  return looksWhileSoaking(state, phase).includes(step);
}

/** Whether the health of the pods is watched while a wave soaks: always, but where a person has promoted past what it said. */
export function looksAtPods({ step, passed = [] }: InGate): boolean {
  return !passed.includes(step);
}

/** Steps of a gate that look while a soak before them goes on: its analyses, but for those that a person has promoted past. */
export function looksWhileSoaking(
  state: Pick<RunState, 'plan' | 'earlierPolicies'>,
  { wave, step, passed = [] }: InGate,
): number[] {
  return gateStepsOf(state, wave).flatMap((each, index) =>
    index > step && 'analysis' in each && !passed.includes(index) ? [index] : [],
  );
}

function withVerdict({ verdicts = [] }: RunState, event: EventOf<'gateJudged'>): JudgedStep[] {
  const { wave, step, at, verdict, detail, measurements = [] } = event;
  const others = verdicts.filter((each) => each.wave !== wave || each.step !== step);
  return [...others, { wave, step, at, verdict, detail, ...(measurements.length === 0 ? {} : { measurements }) }];
}

type Action = Policy['onFailure']['analysis'];

/** What the policy says about a look that found something bad, or nothing at all. */
function stopped(state: RunState, event: EventOf<'gateJudged'>): RunState {
  const { at, wave, step, verdict, detail, remedy } = event;
  const reason = verdict === 'failed' ? 'GateFailed' : 'GateInconclusive';
  const obstacle: Obstacle = { reason, message: detail, remedy: remedy ?? GATE_FAILURES[reason].nextStep };
  switch (actionFor(state, event)) {
    case 'pause':
      return enter(state, blockedAt(state.phase, obstacle, step), at, reason);
    case 'rollBackWave':
      return enter(state, { name: 'rollingBackWave', wave, obstacle }, at, reason);
    case 'rollBack':
      return goBack(state, { by: 'meshlift', reason: detail, at });
  }
}

/** A run that a person holds stays where it is; and where a wave cannot go back alone, all of them do. */
function actionFor(state: RunState, { wave, verdict }: EventOf<'gateJudged'>): Action {
  const policy = policyOfWave(state, wave);
  const planned = state.plan?.waves[wave];
  if (state.pause !== null || policy === null || planned === undefined) return 'pause';
  const { analysis, inconclusive } = policy.onFailure;
  const wanted = verdict === 'failed' ? analysis : inconclusive;
  return wanted === 'rollBackWave' && !canMoveBackAlone(state.plan?.route, planned) ? 'rollBack' : wanted;
}

function blockedAt(phase: Phase, obstacle: Obstacle, judged: number): Phase {
  return { name: 'blocked', during: phase as Looking, obstacle, judged };
}

/** A wave is back where it was: it waits for a person. */
export function waveMovedBack(state: RunState, { at }: EventOf<'waveMovedBack'>): RunState {
  const { phase, namespaces } = state;
  if (phase.name !== 'rollingBackWave') return state;
  const { wave, obstacle } = phase;
  const rows = namespaces.filter((row) => row.wave === wave && row.startedAt !== undefined);
  if (!rows.every(({ status }) => status === 'movedBack' || status === 'skipped')) return state;
  const message = `Wave ${state.plan?.waves[wave]?.name ?? wave + 1} of cluster ${state.cluster} was moved back. ${obstacle.message}`;
  const back: Obstacle = { reason: 'WaveMovedBack', message, remedy: GATE_FAILURES.WaveMovedBack.nextStep };
  return enter(state, { name: 'blocked', during: { name: 'migrating', wave }, obstacle: back }, at, back.reason);
}

function gateOf({ plan }: RunState, wave: number): string {
  return plan?.waves[wave]?.gate ?? '';
}

function later(at: string, seconds: number): string {
  return new Date(Date.parse(at) + seconds * 1_000).toISOString();
}
