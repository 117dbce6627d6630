import { isBlocking } from './checks/verdicts.js';
import { canCancel, canPause, canRollBack, canSkip, isFinal, isForward, isGuarded, stepOf } from './phases.js';
import type { Plan } from './plan.js';
import { soakSecondsOf } from './policy/effective.js';
import type { NamespaceState, Phase, RunEvent, RunState } from './run.js';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;
/** One function per event; a missing one does not compile. */
type Transitions = { readonly [Type in RunEvent['type']]: (state: RunState, event: EventOf<Type>) => RunState };

/**
 * The state machine of a run: the state after an event. Pure; `state` is never changed.
 * An event that does not fit the phase gives back the same state, the very object, so that callers can tell.
 */
export function reduce(state: RunState, event: RunEvent): RunState {
  if (isFinal(state.phase)) return state;
  // The table pairs each type with a function that takes just that event; the compiler cannot see it.
  return TRANSITIONS[event.type](state, event as never);
}

const TRANSITIONS: Transitions = {
  planned: (state, { at, plan }) => {
    if (state.phase.name !== 'planning') return state;
    const namespaces = plan.waves.flatMap((wave, index) =>
      wave.namespaces.map((namespace): NamespaceState => ({ namespace, wave: index, status: 'waiting' })),
    );
    return enter({ ...state, plan, findings: plan.findings, namespaces }, { name: 'preflight' }, at);
  },
  preflightFinished: (state, event) => {
    if (state.phase.name !== 'preflight') return state;
    const findings = [...(state.plan?.findings ?? []), ...event.findings];
    const blockers = findings.filter(isBlocking);
    const checked = { ...state, findings };
    if (blockers.length === 0) return enter(checked, { name: 'preparing' }, event.at);
    return end(checked, { name: 'rejected' }, event.at, blockers.map(({ reason }) => reason).join(', '));
  },
  // From here on the cluster may have changed, even if the installation fails at once.
  prepared: (state, { at, archives }) => {
    if (state.phase.name !== 'preparing') return state;
    const kept = archives === undefined ? {} : { archives };
    return enter({ ...state, ...kept, changed: true }, { name: 'installing' }, at);
  },
  installed: (state, { at }) => (state.phase.name === 'installing' ? enter(state, { name: 'verifying' }, at) : state),
  verified: (state, { at }) => (state.phase.name === 'verifying' ? beginWave(state, 0, at) : state),

  namespaceStarted: (state, { at, namespace, direction }) =>
    updateRow(state, namespace, (row) => {
      if (mayStart(state, row, direction)) return startedRow(row, direction, at);
      // It may have begun in the very instant in which the run was sent back: a rollback must know.
      const isLate = direction === 'forward' && state.phase.name === 'rollingBack' && row.startedAt === undefined;
      return isLate ? { ...row, startedAt: at } : row;
    }),
  namespaceFinished: (state, { at, namespace, direction, workloads, pods }) =>
    updateRow(state, namespace, (row) => {
      // What was under way may finish after the run was blocked or sent back; that it did is true all the same.
      if (row.status !== (direction === 'forward' ? 'moving' : 'movingBack')) return row;
      return { ...row, status: direction === 'forward' ? 'moved' : 'movedBack', finishedAt: at, workloads, pods };
    }),
  namespaceFailed: (state, { at, namespace, detail }) =>
    updateRow(state, namespace, (row) =>
      row.status === 'moving' || row.status === 'movingBack'
        ? { ...row, status: 'failed', finishedAt: at, detail }
        : row,
    ),
  namespaceSkipped: (state, { at, namespace, by, reason }) =>
    updateRow(state, namespace, (row) =>
      canSkip(state, row) ? { ...row, status: 'skipped', finishedAt: at, detail: `${by}: ${reason}` } : row,
    ),

  movesProgressed: (state, { progress }) => (isMoving(state) ? { ...state, progress } : state),
  waveFinished: (state, { at }) => {
    const { phase, plan } = state;
    // A gate must not ask for promotion while a namespace of its wave is not done.
    if (phase.name !== 'migrating' || plan === null || !isWaveDone(state, phase.wave)) return state;
    if (soakSecondsOf(plan.policy) === 0) return reachGate(state, plan, phase.wave, at);
    return enter(state, { name: 'soaking', wave: phase.wave }, at);
  },
  soakFinished: (state, { at }) =>
    state.phase.name === 'soaking' && state.plan !== null ? reachGate(state, state.plan, state.phase.wave, at) : state,
  promoted: (state, { at, gate, by }) => {
    if (state.phase.name !== 'awaitingPromotion' || state.phase.gate !== gate) return state;
    return beginWave({ ...state, promotions: [...state.promotions, { gate, by, at }] }, state.phase.wave + 1, at);
  },
  removalStarted: (state) =>
    state.phase.name === 'finalizing' && !state.removing ? { ...state, removing: true } : state,
  finalized: (state, { at, proof }) =>
    state.phase.name === 'finalizing' ? end({ ...state, proof }, { name: 'succeeded' }, at) : state,

  failed: (state, { at, obstacle, manualCommands = [] }) => {
    const { phase } = state;
    if (isForward(phase)) {
      // Nothing is under way any more: what was begun goes on after a retry.
      const namespaces = state.namespaces.map((row) => (row.status === 'moving' ? waitingAgain(row) : row));
      return enter({ ...state, namespaces }, { name: 'blocked', during: phase, obstacle }, at, obstacle.reason);
    }
    if (phase.name !== 'rollingBack') return state;
    return enter(state, { name: 'rollbackBlocked', obstacle, manualCommands }, at, obstacle.reason);
  },
  retried: (state, { at, by }) => {
    const { phase } = state;
    if (phase.name === 'rollbackBlocked') return enter(state, { name: 'rollingBack' }, at, `retried by ${by}`);
    if (phase.name !== 'blocked') return state;
    const namespaces = state.namespaces.map((row) => (row.status === 'failed' ? waitingAgain(row) : row));
    return enter({ ...state, namespaces }, phase.during, at, `retried by ${by}`);
  },
  paused: (state, { at, by, reason }) => (canPause(state) ? { ...state, pause: { since: at, by, reason } } : state),
  resumed: (state) => (state.pause === null ? state : { ...state, pause: null }),
  // A run that is held already stands still; what is wrong then is found again when it goes on.
  outsideChange: (state, { at, message, remedy }) =>
    isGuarded(state) ? { ...state, pause: { since: at, by: 'meshlift', reason: message, remedy } } : state,
  rollbackRequested: (state, { at, by, reason }) =>
    canRollBack(state)
      ? enter({ ...state, pause: null, rollback: { by, reason, at } }, { name: 'rollingBack' }, at, `${by}: ${reason}`)
      : state,
  rolledBack: (state, { at, proof }) =>
    state.phase.name === 'rollingBack' ? end({ ...state, proof }, { name: 'rolledBack' }, at) : state,
  cancelled: (state, { at, by }) => (canCancel(state) ? end(state, { name: 'cancelled' }, at, `by ${by}`) : state),
};

function enter(state: RunState, phase: Phase, at: string, note?: string): RunState {
  const row = { phase: phase.name, at, ...(note === undefined ? {} : { note }) };
  const next: RunState & { progress?: unknown } = { ...state, phase, since: at, timeline: [...state.timeline, row] };
  // How far the moves were says nothing in another phase.
  delete next.progress;
  return next;
}

/** Enters a final phase; a run that is over is not held any more. */
function end(state: RunState, phase: Phase, at: string, note?: string): RunState {
  return enter({ ...state, pause: null }, phase, at, note);
}

/** Begins a wave, or finalises after the last one. */
function beginWave(state: RunState, wave: number, at: string): RunState {
  const next = state.plan?.waves[wave];
  if (next === undefined) return enter(state, { name: 'finalizing' }, at);
  return enter(state, { name: 'migrating', wave }, at, `wave ${next.name}`);
}

function reachGate(state: RunState, plan: Plan, wave: number, at: string): RunState {
  const gate = plan.waves[wave]?.gate;
  return gate === undefined ? state : enter(state, { name: 'awaitingPromotion', wave, gate }, at, `gate ${gate}`);
}

function isMoving({ phase }: RunState): boolean {
  return phase.name === 'migrating' || phase.name === 'rollingBack';
}

function isWaveDone({ namespaces }: RunState, wave: number): boolean {
  return namespaces.every((row) => row.wave !== wave || row.status === 'moved' || row.status === 'skipped');
}

/** Replaces one namespace's row; the state stays the same object when the row does. */
function updateRow(state: RunState, namespace: string, change: (row: NamespaceState) => NamespaceState): RunState {
  const row = state.namespaces.find((entry) => entry.namespace === namespace);
  const changed = row === undefined ? undefined : change(row);
  if (changed === undefined || changed === row) return state;
  return { ...state, namespaces: state.namespaces.map((entry) => (entry === row ? changed : entry)) };
}

function mayStart({ phase }: RunState, row: NamespaceState, direction: 'forward' | 'back'): boolean {
  if (direction === 'back') return phase.name === 'rollingBack' && row.status !== 'movedBack';
  // A wave that is blocked by one namespace may still have started another one in the same instant.
  const step = stepOf(phase);
  if (step?.name !== 'migrating' || step.wave !== row.wave) return false;
  return row.status === 'waiting' || row.status === 'moving' || row.status === 'failed';
}

function startedRow({ namespace, wave }: NamespaceState, direction: 'forward' | 'back', at: string): NamespaceState {
  return { namespace, wave, status: direction === 'forward' ? 'moving' : 'movingBack', startedAt: at };
}

/** Keeps `startedAt`: the namespace was touched, and a rollback must know. */
function waitingAgain({ namespace, wave, startedAt }: NamespaceState): NamespaceState {
  return { namespace, wave, status: 'waiting', ...(startedAt === undefined ? {} : { startedAt }) };
}
