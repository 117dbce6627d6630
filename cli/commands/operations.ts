import type { Command } from 'commander';
import { clusterArgument, runArgument } from '../client/arguments.js';
import { clientCommand, connect, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { renderOperations } from '../render/tables.js';

/** `meshlift operations`: everything that a run did to the cluster, as it could have been typed. */
export function operationsCommand(context: Context): Command {
  return clientCommand('operations', 'List what a run did to the cluster, as commands.')
    .addArgument(clusterArgument())
    .addArgument(runArgument())
    .action(async (cluster: string, runId: string, options: ClientOptions) => {
      const operations = await (await connect(options, context)).operations({ cluster, runId });
      print(context, options, operations, () => renderOperations(operations));
    });
}
