import { isInPlace } from './plan.js';
import { stepText } from './policy/gate-words.js';
import { gateStepsOf } from './policy/of-wave.js';
import type { FinalPhase, ForwardPhase, NamespaceState, Phase, PhaseName, RunState } from './run.js';

/** Names of the phases after which nothing happens any more. */
export const FINAL_PHASES: readonly PhaseName[] = [
  'succeeded',
  'rolledBack',
  'rejected',
  'cancelled',
] satisfies readonly FinalPhase['name'][];

/** Phases that are no step forward; what is not in here is a {@link ForwardPhase}. */
const OFF_THE_WAY: readonly PhaseName[] = [...FINAL_PHASES, 'rollingBack', 'blocked', 'rollbackBlocked'];

/** Whether the run is over. */
export function isFinal(phase: Phase): phase is FinalPhase {
  return FINAL_PHASES.includes(phase.name);
}

/** Whether the run is on its way forward, waiting at a gate included. */
export function isForward(phase: Phase): phase is ForwardPhase {
  return !OFF_THE_WAY.includes(phase.name);
}

/** The step forward at which the run is or at which it is blocked; null when it goes back or is over. */
export function stepOf(phase: Phase): ForwardPhase | null {
  if (phase.name === 'blocked') return phase.during;
  return isForward(phase) ? phase : null;
}

/** Whether the run is on its way forward, or blocked there, and has not begun to remove the old control plane. */
export function isBeforeFinalizing(phase: Phase): boolean {
  const step = stepOf(phase);
  return step !== null && step.name !== 'finalizing';
}

/** Whether there is something to roll back: also while finalising, because what that removes is kept. */
export function canRollBack({ phase, changed }: RunState): boolean {
  return changed && stepOf(phase) !== null;
}

/** Phases in which the run depends on what others may change: from the first move of a workload on. */
const GUARDED: readonly PhaseName[] = ['migrating', 'soaking', 'analysing', 'awaitingPromotion', 'finalizing'];

/** Whether the run looks out for changes that somebody else makes. While it is held people may do as they like. */
export function isGuarded({ phase, pause }: RunState): boolean {
  return pause === null && GUARDED.includes(phase.name);
}

/** Whether the run can be dropped: nothing in the cluster was changed and it is not over. */
export function canCancel({ phase, changed }: RunState): boolean {
  return !changed && !isFinal(phase);
}

/** Whether the run can be held: it goes forward and is not held already. */
export function canPause({ phase, pause }: RunState): boolean {
  return pause === null && isForward(phase);
}

/**
 * Whether a namespace can be left out of the run. One that is moving cannot, and neither one that has moved.
 * @param row the namespace's row of the same run, undefined when the plan does not have it
 */
export function canSkip({ phase }: RunState, row: NamespaceState | undefined): boolean {
  return isBeforeFinalizing(phase) && row !== undefined && SKIPPABLE.includes(row.status);
}

/** `movedBack` before the end is what a gate has moved back with its wave. */
const SKIPPABLE: readonly NamespaceState['status'][] = ['waiting', 'failed', 'movedBack'];

/**
 * Whether the run may have changed a namespace, so that a rollback must bring it back. The status does not tell:
 * one that failed half-way is `waiting` after a retry, or `skipped`.
 */
export function wasTouched(row: NamespaceState): boolean {
  return row.startedAt !== undefined;
}

/** Whether a rollback has still to bring a namespace back. */
export function isToMoveBack(row: NamespaceState): boolean {
  return wasTouched(row) && row.status !== 'movedBack';
}

/** The state of a run that has just begun. */
export function initialState(
  run: Pick<RunState, 'cluster' | 'release' | 'runId' | 'requestedBy'> & { readonly at: string },
): RunState {
  const { at, cluster, release, runId, requestedBy } = run;
  return {
    schema: 1,
    cluster,
    release,
    runId,
    requestedBy,
    startedAt: at,
    phase: { name: 'planning' },
    since: at,
    pause: null,
    plan: null,
    findings: [],
    namespaces: [],
    promotions: [],
    changed: false,
    removing: false,
    rollback: null,
    timeline: [{ phase: 'planning', at }],
    proof: [],
  };
}

type Named<Name extends PhaseName> = Extract<Phase, { readonly name: Name }>;
type PerPhase<Value> = { readonly [Name in PhaseName]: (phase: Named<Name>, state: Value) => string };

const TITLES: PerPhase<null> = {
  planning: () => 'planning',
  preflight: () => 'preflight checks',
  preparing: () => 'preparing',
  installing: () => 'installing',
  verifying: () => 'verifying',
  migrating: ({ wave }) => `migrating wave ${wave + 1}`,
  soaking: ({ wave }) => `soaking wave ${wave + 1}`,
  analysing: ({ wave }) => `judging wave ${wave + 1}`,
  rollingBackWave: ({ wave }) => `moving wave ${wave + 1} back`,
  awaitingPromotion: ({ gate }) => `awaiting promotion at gate ${gate}`,
  finalizing: () => 'finalizing',
  succeeded: () => 'succeeded',
  rolledBack: () => 'rolled back',
  rejected: () => 'rejected',
  cancelled: () => 'cancelled',
  rollingBack: () => 'rolling back',
  blocked: ({ during }) => `blocked while ${phaseTitle(during)}`,
  rollbackBlocked: () => 'blocked while rolling back',
};

const NEXT_STEPS: PerPhase<RunState> = {
  planning: () => 'Reads what is in the cluster and forms the waves; then come the preflight checks.',
  preflight: () => 'Runs every check; a blocker ends the run before anything changes.',
  preparing: () => 'Fetches and proves the release and takes the snapshot; then the new control plane is installed.',
  installing: (_, { plan }) =>
    `${isInPlace(plan?.route) ? 'Replaces the control plane where it is' : 'Installs the new control plane beside the old one'}; then it is verified.`,
  verifying: (_, state) => `Proves that the new control plane injects its own sidecar; then ${waveStart(state, 0)}.`,
  migrating: ({ wave }, state) => `Moves ${waveName(state, wave)}; then ${afterStep(state, wave, -1)}.`,
  soaking: ({ wave, step, until }, state) =>
    `Watches ${waveName(state, wave)} until ${until}; then ${afterStep(state, wave, step)}.`,
  analysing: ({ wave, step }, state) =>
    `Judges ${waveName(state, wave)}: ${stepName(state, wave, step)}; then ${afterStep(state, wave, step)}.`,
  awaitingPromotion: ({ wave, step, gate, ...needs }, state) =>
    `Waits for \`meshlift promote ${state.cluster}\`${people(needs)} at gate ${gate}; then ${afterStep(state, wave, step)}.`,
  rollingBackWave: ({ wave }, state) =>
    `Moves ${waveName(state, wave)} back to the old control plane; then it waits for a person.`,
  finalizing: (_, { plan }) =>
    isInPlace(plan?.route)
      ? 'Looks twice for proxies of before; then the mesh is proven.'
      : 'Removes the old control plane, once two looks find it unused; then the mesh is proven.',
  succeeded: (_, { release }) => `Nothing is left to do: the mesh runs ${release}.`,
  rolledBack: () => 'Nothing is left to do: the mesh is as the snapshot says.',
  rejected: () => 'Nothing was changed. Clear the blockers that the findings name, then start again.',
  cancelled: () => 'Nothing was changed.',
  rollingBack: (_, { removing, plan }) =>
    isInPlace(plan?.route)
      ? 'Puts the old control plane in its place again, brings the namespaces back, then the gateways, and compares.'
      : `${removing ? 'Restores the old control plane, brings' : 'Brings'} the namespaces back, then the gateway, removes the new control plane, and compares.`,
  blocked: ({ obstacle }, { cluster }) => `Waits for \`meshlift retry ${cluster}\`. ${obstacle.remedy}`,
  rollbackBlocked: ({ obstacle }, { cluster }) =>
    `Waits for \`meshlift retry ${cluster}\`, which goes on with the rollback. ${obstacle.remedy}`,
};

/** The phase in words for people, waves counted from 1: `migrating wave 1`. */
export function phaseTitle(phase: Phase): string {
  // The table has a function for each name that takes just that phase; the compiler cannot see the pairs match.
  return TITLES[phase.name](phase as never, null);
}

/** What the run does or waits for, and what comes after that: one or two sentences for people. */
export function nextStep(state: RunState): string {
  const { phase, pause, cluster } = state;
  const next = NEXT_STEPS[phase.name](phase as never, state);
  return pause === null ? next : `Paused: goes on after \`meshlift resume ${cluster}\`. ${next}`;
}

function waveStart(state: RunState, wave: number): string {
  const isThere = state.plan?.waves[wave] !== undefined;
  if (isThere) return `${waveName(state, wave)} moves`;
  return isInPlace(state.plan?.route) ? 'the mesh is proven' : 'the old control plane is removed';
}

function waveName({ plan }: RunState, wave: number): string {
  const { name, namespaces } = plan?.waves[wave] ?? { name: wave + 1, namespaces: [] };
  return `wave ${name} (${namespaces.length} ${namespaces.length === 1 ? 'namespace' : 'namespaces'})`;
}

/** What comes after a step of a gate: its other steps, or the next wave. */
function afterStep(state: RunState, wave: number, step: number): string {
  const left = gateStepsOf(state, wave).slice(step + 1);
  const [only] = left;
  if (only === undefined) return waveStart(state, wave + 1);
  if (left.length === 1 && 'manual' in only && only.approvers === 1)
    return `it waits at gate ${state.plan?.waves[wave]?.gate ?? ''}`;
  return left.map(stepText).join(', then ');
}

function stepName(state: RunState, wave: number, step: number): string {
  const found = gateStepsOf(state, wave)[step];
  return found === undefined ? '' : stepText(found);
}

function people({ approvers, approvals }: Pick<Named<'awaitingPromotion'>, 'approvers' | 'approvals'>): string {
  if (approvers === 1) return '';
  const missing = approvers - approvals.length;
  const who = approvals.map(({ by }) => by).join(', ');
  return ` by ${missing} more ${missing === 1 ? 'person' : 'people'}${who === '' ? '' : ` than ${who}`}`;
}
