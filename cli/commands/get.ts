import type { Command } from 'commander';
import type { RunPath } from '../client/api-client.js';
import { clusterArgument, runArgument } from '../client/arguments.js';
import { clientCommand, connect, isForPrograms, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { addWatchOptions, watchToTheEnd, type WatchFlags } from '../client/watch-command.js';
import { exitCodeOfState } from '../exit-codes.js';
import { renderRun } from '../render/run-tree.js';

interface GetOptions extends ClientOptions, WatchFlags {
  readonly exitCode?: true;
}

/** `meshlift get`: where a run is, once or for as long as it goes on. */
export function getCommand(context: Context): Command {
  const command = clientCommand('get', 'Show a run: where it is, what it waits for, what comes next.')
    .addArgument(clusterArgument())
    .addArgument(runArgument())
    .option('--exit-code', 'without --watch too: exit with 3 when the run failed, 4 when it waits for a promotion');
  return addWatchOptions(command).action(async (cluster: string, runId: string, options: GetOptions) => {
    const run: RunPath = { cluster, runId };
    const client = await connect(options, context);
    if (options.watch === true) {
      await watchToTheEnd({ client, run, options, context });
      return;
    }
    const state = await client.state(run);
    const workloads = isForPrograms(options) ? [] : await client.workloads({ cluster, runId: state.runId });
    const { width, color, tty } = context;
    print(context, options, state, () =>
      renderRun(state, workloads, { width, color, ascii: !tty, now: context.now() }),
    );
    if (options.exitCode === true) context.finish(exitCodeOfState(state));
  });
}
