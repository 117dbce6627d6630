import { isBlocking } from './checks/verdicts.js';
import { beginWave, end, enter, goBack, noted } from './enter.js';
import { enterStep, gateJudged, promoted, soakAdjusted, soakFinished, waveMovedBack } from './gates.js';
import { namespacesJoined } from './newcomers.js';
import { canCancel, canPause, canRollBack, canSkip, isFinal, isForward, isGuarded, stepOf } from './phases.js';
import { withChangedPolicy } from './policy/change.js';
import type { ForwardPhase, NamespaceState, RunEvent, RunState } from './run.js';

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

  namespacesJoined,
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
    const { phase } = state;
    // A gate must not ask for promotion while a namespace of its wave is not done.
    if (phase.name !== 'migrating' || !isWaveDone(state, phase.wave)) return state;
    return enterStep(state, { wave: phase.wave, step: 0 }, at);
  },
  soakFinished,
  soakAdjusted,
  gateJudged,
  promoted,
  waveMovedBack,
  policyChanged: (state, { at, by, policy, planHash }) => {
    const changed = withChangedPolicy(state, policy, planHash);
    return changed === state ? state : noted(changed, at, `policy changed by ${by}`);
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
    const namespaces = state.namespaces.map((row) => (isToDoAgain(row, phase.during) ? waitingAgain(row) : row));
    return enter({ ...state, namespaces }, phase.during, at, `retried by ${by}`);
  },
  paused: (state, { at, by, reason }) => (canPause(state) ? { ...state, pause: { since: at, by, reason } } : state),
  resumed: (state) => (state.pause === null ? state : { ...state, pause: null }),
  // A run that is held already stands still; what is wrong then is found again when it goes on.
  outsideChange: (state, { at, message, remedy }) =>
    isGuarded(state) ? { ...state, pause: { since: at, by: 'meshlift', reason: message, remedy } } : state,
  rollbackRequested: (state, { at, by, reason }) => (canRollBack(state) ? goBack(state, { by, reason, at }) : state),
  rolledBack: (state, { at, proof }) =>
    state.phase.name === 'rollingBack' ? end({ ...state, proof }, { name: 'rolledBack' }, at) : state,
  cancelled: (state, { at, by }) => (canCancel(state) ? end(state, { name: 'cancelled' }, at, `by ${by}`) : state),
};

function isMoving({ phase }: RunState): boolean {
  return phase.name === 'migrating' || phase.name === 'rollingBack' || phase.name === 'rollingBackWave';
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
  // A wave that is blocked by one namespace may still have started another one in the same instant.
  const step = stepOf(phase);
  const isItsWave = (name: 'migrating' | 'rollingBackWave') => step?.name === name && step.wave === row.wave;
  if (direction === 'forward') return isItsWave('migrating') && STARTS.includes(row.status);
  return (phase.name === 'rollingBack' || isItsWave('rollingBackWave')) && row.status !== 'movedBack';
}

const STARTS: readonly NamespaceState['status'][] = ['waiting', 'moving', 'failed'];

function startedRow({ namespace, wave }: NamespaceState, direction: 'forward' | 'back', at: string): NamespaceState {
  return { namespace, wave, status: direction === 'forward' ? 'moving' : 'movingBack', startedAt: at };
}

/** What has failed; and what a gate had moved back, when its wave is to move once more. */
function isToDoAgain({ status, wave }: NamespaceState, during: ForwardPhase): boolean {
  return status === 'failed' || (status === 'movedBack' && during.name === 'migrating' && during.wave === wave);
}

/** Keeps `startedAt`: the namespace was touched, and a rollback must know. */
function waitingAgain({ namespace, wave, startedAt }: NamespaceState): NamespaceState {
  return { namespace, wave, status: 'waiting', ...(startedAt === undefined ? {} : { startedAt }) };
}
