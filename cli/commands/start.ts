import type { Command } from 'commander';
import { pathOf } from '../client/api-client.js';
import { clusterArgument } from '../client/arguments.js';
import { clientCommand, connect, print } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { addRequestOptions, toRequest, type RequestOptions } from '../client/upgrade-request.js';
import { addWatchOptions, watchToTheEnd, type WatchFlags } from '../client/watch-command.js';

/** `meshlift start`: starts an upgrade and prints the path of its run. */
export function startCommand(context: Context): Command {
  const command = clientCommand('start', 'Start an upgrade and print the path of its run.').addArgument(
    clusterArgument(),
  );
  return addWatchOptions(addRequestOptions(command)).action(
    async (cluster: string, options: RequestOptions & WatchFlags) => {
      const request = await toRequest(cluster, options);
      const client = await connect(options, context);
      const run = await client.start(request);
      if (options.watch === true) {
        context.err(`${pathOf(run)}\n`);
        await watchToTheEnd({ client, run, options, context });
        return;
      }
      print(context, options, run, () => `${pathOf(run)}\n`);
      context.err(`Follow it with: meshlift get ${cluster} --watch\n`);
    },
  );
}
