import type { Command } from 'commander';
import { clientCommand, connect, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { renderReleases } from '../render/tables.js';

/** `meshlift releases`: the catalogue. */
export function releasesCommand(context: Context): Command {
  return clientCommand('releases', 'List the releases that the server knows.').action(
    async (options: ClientOptions) => {
      const releases = await (await connect(options, context)).releases();
      print(context, options, releases, () => renderReleases(releases));
    },
  );
}
