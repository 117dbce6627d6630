import { Argument, type Command } from 'commander';
import { parseCluster } from '../client/arguments.js';
import { clientCommand, connect, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { renderClusters, renderMesh } from '../render/tables.js';

/** `meshlift clusters`: the registered clusters, or what is in one of them. */
export function clustersCommand(context: Context): Command {
  return clientCommand('clusters', 'List the registered clusters, or show what is in one of them.')
    .addArgument(new Argument('[cluster]', 'id of a registered cluster').argParser(parseCluster))
    .action(async (cluster: string | undefined, options: ClientOptions) => {
      const client = await connect(options, context);
      if (cluster === undefined) {
        const clusters = await client.clusters();
        print(context, options, clusters, () => renderClusters(clusters));
        return;
      }
      const mesh = await client.cluster(cluster);
      print(context, options, mesh, () => renderMesh(mesh));
    });
}
