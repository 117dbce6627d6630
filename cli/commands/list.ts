import { type Command, Option } from 'commander';
import { parseCluster, parseCount } from '../client/arguments.js';
import { clientCommand, connect, isForPrograms, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { renderRuns } from '../render/tables.js';

interface ListOptions extends ClientOptions {
  readonly cluster?: string;
  readonly phase?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** `meshlift list`: the runs, newest first. */
export function listCommand(context: Context): Command {
  return clientCommand('list', 'List runs, newest first.')
    .addOption(new Option('--cluster <cluster>', 'only runs of this cluster').argParser(parseCluster))
    .option('--phase <phase>', 'only runs in this phase, for instance awaitingPromotion')
    .addOption(new Option('--limit <n>', 'runs per page').argParser(parseCount))
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(async (options: ListOptions) => {
      const { cluster, phase, limit, cursor } = options;
      const filter = Object.entries({ cluster, phase, limit, cursor }).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, String(value)] as const],
      );
      const page = await (await connect(options, context)).list(Object.fromEntries(filter));
      print(context, options, page, () => renderRuns(page.items));
      if (page.cursor && !isForPrograms(options)) context.err(`There are more: --cursor ${page.cursor}\n`);
    });
}
