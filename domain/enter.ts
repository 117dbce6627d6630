import type { Phase, RunState } from './run.js';

/** Enters a phase, or the same one anew, and writes that into the timeline. */
export function enter(state: RunState, phase: Phase, at: string, note?: string): RunState {
  const row = { phase: phase.name, at, ...(note === undefined ? {} : { note }) };
  const next: RunState & { progress?: unknown } = { ...state, phase, since: at, timeline: [...state.timeline, row] };
  // How far the moves were says nothing in another phase.
  delete next.progress;
  return next;
}

/** Writes into the timeline what happens in a phase without ending it. */
export function noted(state: RunState, at: string, note: string): RunState {
  return { ...state, timeline: [...state.timeline, { phase: state.phase.name, at, note }] };
}

/** Enters a final phase; a run that is over is not held any more. */
export function end(state: RunState, phase: Phase, at: string, note?: string): RunState {
  return enter({ ...state, pause: null }, phase, at, note);
}

/** Begins to go back to before the run. */
export function goBack(state: RunState, { by, reason, at }: NonNullable<RunState['rollback']>): RunState {
  return enter(
    { ...state, pause: null, rollback: { by, reason, at } },
    { name: 'rollingBack' },
    at,
    `${by}: ${reason}`,
  );
}

/** Begins a wave, or finalises after the last one. */
export function beginWave(state: RunState, wave: number, at: string): RunState {
  const next = state.plan?.waves[wave];
  if (next === undefined) return enter(state, { name: 'finalizing' }, at);
  return enter(state, { name: 'migrating', wave }, at, `wave ${next.name}`);
}
