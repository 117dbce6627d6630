import { type Command, Option } from 'commander';
import { EXIT, exitCodeOfState } from '../exit-codes.js';
import type { ApiClient, RunPath } from './api-client.js';
import { parseDuration } from './arguments.js';
import { isForPrograms, print, type ClientOptions } from './client-command.js';
import type { Context } from './context.js';
import { watchRun } from './watch.js';

/** Options of the commands that can watch. */
export interface WatchFlags {
  readonly watch?: true;
  /** Seconds. */
  readonly timeout?: number;
}

/** Adds `--watch` and `--timeout`. */
export function addWatchOptions(command: Command): Command {
  return command
    .option('-w, --watch', 'show progress until the run is over or blocked')
    .addOption(new Option('--timeout <duration>', 'stop watching after that time').argParser(parseDuration));
}

interface Watching {
  readonly client: ApiClient;
  readonly run: RunPath;
  readonly options: ClientOptions & WatchFlags;
  readonly context: Context;
}

/** Timers of Node hold no more milliseconds than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Watches a run and sets the exit code by how it ended, or by why the watch did. */
export async function watchToTheEnd({ client, run, options, context }: Watching): Promise<void> {
  const { tty, width, height, color } = context;
  const forPrograms = isForPrograms(options);
  const interrupted = context.interrupted();
  const limit =
    options.timeout === undefined ? [] : [AbortSignal.timeout(Math.min(options.timeout * 1000, LONGEST_TIMER_MS))];
  const signal = AbortSignal.any([interrupted, ...limit]);
  try {
    const state = await watchRun({
      client,
      ...run,
      // Where data is asked for, standard output is for the data only.
      write: forPrograms ? context.err : context.out,
      tty: tty && !forPrograms,
      width,
      ...(height === undefined ? {} : { height }),
      color,
      signal,
    });
    print(context, options, state, () => '');
    context.finish(exitCodeOfState(state));
  } catch (error) {
    if (!signal.aborted) throw error;
    context.err(`No longer watching; the run goes on. See: meshlift get ${run.cluster}\n`);
    context.finish(interrupted.aborted ? EXIT.interrupted : EXIT.timeout);
  }
}
