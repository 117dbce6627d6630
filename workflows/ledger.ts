import { condition, log, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { JournalBody } from '../domain/journal.js';
import { phaseTitle } from '../domain/phases.js';
import { reduce } from '../domain/reduce.js';
import type { RunEvent, RunState } from '../domain/run.js';
import { change } from './activities.js';
import { journalLines } from './journal-lines.js';
import { MESH_PHASE } from './search-attributes.js';

type JournalLine = Parameters<typeof change.recordEvents>[0]['entries'][number];

/** An event before it gets its time. */
export type NewEvent<Event = RunEvent> = Event extends RunEvent ? Omit<Event, 'at'> : never;

/** Holds the state of a run: the only place where it changes, and where each change is written down. */
export interface Ledger {
  readonly state: () => RunState;
  /** Applies an event now, by the time of the workflow. @returns whether it changed anything */
  apply(event: NewEvent): boolean;
  /** Called after each change. */
  onChange(listener: (state: RunState) => void): void;
  /** Waits until everything is in the journal. */
  flush(): Promise<void>;
}

/** Opens the ledger of a run, and keeps writing its lines to the journal in order, beside everything else. */
export function openLedger(initial: RunState): Ledger {
  let state = initial;
  let written = 0;
  const pending: JournalLine[] = [];
  const listeners: ((state: RunState) => void)[] = [];
  const run = { cluster: initial.cluster, runId: initial.runId, release: initial.release };

  const note = (message: string, at: string) => {
    written += 1;
    const body: JournalBody = { type: 'transition', phase: state.phase.name, message };
    pending.push({ key: `transition/${written}`, at, body });
  };

  const writeForEver = async (): Promise<void> => {
    for (;;) {
      await condition(() => pending.length > 0);
      const batch = pending.slice(0, 50);
      try {
        await change.recordEvents({ run, entries: batch });
        pending.splice(0, batch.length);
      } catch (error) {
        // A journal that cannot be written must not stop an upgrade in mid-move; it is tried again.
        log.error('the journal of the run cannot be written', { error });
        await sleep('10s');
      }
    }
  };

  note(phaseTitle(state.phase), initial.startedAt);
  void writeForEver();

  return {
    state: () => state,
    apply(event) {
      const before = state;
      const dated = { ...event, at: new Date().toISOString() } as RunEvent;
      state = reduce(before, dated);
      if (state === before) return false;
      for (const line of journalLines(before, state, dated)) note(line, dated.at);
      if (state.phase !== before.phase) show(state);
      for (const listener of listeners) listener(state);
      return true;
    },
    onChange: (listener) => void listeners.push(listener),
    flush: () => condition(() => pending.length === 0),
  };
}

/** Shows the phase where Temporal's own page and index look for it. */
function show(state: RunState): void {
  upsertSearchAttributes([{ key: MESH_PHASE, value: state.phase.name }]);
  setCurrentDetails(`**${phaseTitle(state.phase)}** since ${state.since}`);
}
