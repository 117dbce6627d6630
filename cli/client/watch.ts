import { isFinal } from '../../domain/phases.js';
import type { RunState } from '../../domain/run.js';
import type { ApiClient, RunPath } from './api-client.js';
import type { ServerEvent } from './event-stream.js';
import { followRun } from './follow.js';
import { createProgressLine } from './progress-line.js';
import { ApiProblem } from './problem.js';
import { openLineLog, openLiveScreen, type Screen, type Snapshot } from './screen.js';
import { createWaker } from './waker.js';

/** What is watched, and where it is shown. */
export interface WatchOptions {
  readonly client: Pick<ApiClient, 'state' | 'workloads' | 'events'>;
  readonly cluster: string;
  readonly runId: string;
  readonly write: (text: string) => void;
  /** Whether `write` goes to a terminal: then the picture is redrawn in its place, else each change is a line. */
  readonly tty: boolean;
  readonly width: number;
  /** Rows of the terminal; a longer picture is folded. */
  readonly height?: number;
  readonly color: boolean;
  /** Ends the watch; the promise is then rejected with the signal's reason. The run itself goes on. */
  readonly signal?: AbortSignal;
  /** When to stop watching. Default: when the run is over or blocked. */
  readonly until?: (state: RunState) => boolean;
}

/** Looks at most this often, and at least that often: not everything that changes a run is in its journal. */
const SHORTEST_MS = 200;
const LONGEST_MS = 5_000;
/** How soon a server that was away is asked again. */
const AWAY_MS = 1_000;

/**
 * Shows a run while it goes on, until it is over or blocked, or `until` says so.
 * A server that goes away in between is waited for; one that is away from the start is an error.
 * @returns the last state
 * @throws ApiProblem when the server refuses; the signal's reason when it is aborted
 */
export async function watchRun(options: WatchOptions): Promise<RunState> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    const { client, cluster, runId } = options;
    const first = await look(client, { cluster, runId }, signal);
    const screen = options.tty ? openLiveScreen(options) : openLineLog(options);
    try {
      return await showUntil({ options, screen, first, signal });
    } finally {
      screen.close();
    }
  } catch (error) {
    // Whatever was cut short by it, the reason is what the caller wants to know.
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}

interface Showing {
  readonly options: WatchOptions;
  readonly screen: Screen;
  readonly first: Snapshot;
  readonly signal: AbortSignal;
}

async function showUntil({ options, screen, first, signal }: Showing): Promise<RunState> {
  const { client, cluster, until = isAtRest } = options;
  // From here on always the same run, also when `latest` becomes another one.
  const run = { cluster, runId: first.state.runId };
  let { state } = first;
  screen.show(first);
  if (until(state)) return state;
  const waker = createWaker(signal);
  const progress = createProgressLine();
  const onNews = (event?: ServerEvent) => {
    if (event !== undefined && progress.hear(event)) screen.progress(progress.line());
    waker.poke();
  };
  void followRun({ client, run, signal, onNews });
  let isAway = false;
  while (!until(state)) {
    await waker.next(SHORTEST_MS, isAway ? AWAY_MS : LONGEST_MS);
    const newer = await lookAgain(client, run, signal);
    isAway = newer === null;
    screen.note(isAway ? 'The server does not answer; trying again.' : null);
    if (newer === null) continue;
    state = newer.state;
    screen.show(newer);
  }
  return state;
}

async function look(client: WatchOptions['client'], run: RunPath, signal: AbortSignal): Promise<Snapshot> {
  const state = await client.state(run, signal);
  return { state, workloads: await client.workloads({ ...run, runId: state.runId }, signal) };
}

/** Null when the server is away for the moment. */
async function lookAgain(client: WatchOptions['client'], run: RunPath, signal: AbortSignal): Promise<Snapshot | null> {
  try {
    return await look(client, run, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof ApiProblem) || !error.passing) throw error;
    return null;
  }
}

function isAtRest({ phase }: RunState): boolean {
  return isFinal(phase) || phase.name === 'blocked' || phase.name === 'rollbackBlocked';
}
