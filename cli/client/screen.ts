import type { RunState } from '../../domain/run.js';
import type { WorkloadProgress } from '../../domain/workload.js';
import { describeChanges } from '../render/changes.js';
import { renderRun } from '../render/run-tree.js';

/** What is known of a run at one time. */
export interface Snapshot {
  readonly state: RunState;
  readonly workloads: readonly WorkloadProgress[];
}

/** Where the progress of a run is shown. */
export interface Screen {
  show(snapshot: Snapshot): void;
  /** Says something that is not of the run, for instance that the server is away; null takes it back. */
  note(text: string | null): void;
  /** How far a long operation is, for instance a download; null when there is none. */
  progress(text: string | null): void;
  close(): void;
}

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly width: number;
  readonly height?: number;
  readonly color: boolean;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const upBy = (lines: number) => (lines === 0 ? '\r' : `\r\u001b[${lines}A`);

/** A picture on a terminal that is drawn again in its place, every second too, because it shows how long things take. */
export function openLiveScreen({ write, width, height, color }: ScreenOptions): Screen {
  let last: Snapshot | null = null;
  let message: string | null = null;
  let doing: string | null = null;
  let drawn = 0;

  function redraw() {
    if (last === null) return;
    // One column stays free: some terminals go on to the next line when the last one is written.
    const below = [doing, message].filter((text) => text !== null).map((text) => text.slice(0, width - 1));
    const room = height === undefined ? {} : { height: height - below.length };
    const picture = renderRun(last.state, last.workloads, { width: width - 1, color, now: Date.now(), ...room });
    const lines = [...picture.trimEnd().split('\n'), ...below];
    write(`${upBy(drawn)}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
    drawn = lines.length;
  }

  const showCursor = () => write(SHOW_CURSOR);
  // Also when something else ends the process in between: a terminal without a cursor is a nuisance.
  process.once('exit', showCursor);
  write(HIDE_CURSOR);
  const ticking = setInterval(redraw, 1000);
  return {
    show(snapshot) {
      last = snapshot;
      redraw();
    },
    note(text) {
      if (text === message) return;
      message = text;
      redraw();
    },
    progress(text) {
      doing = text;
      redraw();
    },
    close() {
      clearInterval(ticking);
      process.off('exit', showCursor);
      showCursor();
    },
  };
}

/** One plain line per change, for files, pipes and logs. */
export function openLineLog({ write }: Pick<ScreenOptions, 'write'>): Screen {
  let before: RunState | null = null;
  let message: string | null = null;
  const now = () => new Date().toISOString();
  return {
    show({ state }) {
      for (const line of describeChanges(before, state, now())) write(`${line}\n`);
      before = state;
    },
    note(text) {
      if (text !== null && text !== message) write(`${now()} ${text}\n`);
      message = text;
    },
    // A line for each percent would bury the others.
    progress: () => undefined,
    close: () => undefined,
  };
}
