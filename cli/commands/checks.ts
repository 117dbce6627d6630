import { Argument, Command, InvalidArgumentError } from 'commander';
import { CHECK_ENTRIES, isCheckId, type CheckId } from '../../domain/checks/catalogue.js';
import { outputOption, print, type OutputChoice } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { renderCheck, renderChecks } from '../render/checks.js';

/** `meshlift checks`: what the preflight looks at. The catalogue is part of the program: no server is asked. */
export function checksCommand(context: Context): Command {
  return new Command('checks')
    .description('List what the preflight looks at, or explain one check.')
    .addArgument(new Argument('[check]', 'id of a check, for instance MESH023').argParser(parseCheck))
    .addOption(outputOption({ wide: true }))
    .action((id: CheckId | undefined, options: OutputChoice) => {
      const look = { ...context, ascii: !context.tty, wide: options.output === 'wide' };
      const check = CHECK_ENTRIES.find((entry) => entry.id === id);
      if (check === undefined) print(context, options, CHECK_ENTRIES, () => renderChecks(CHECK_ENTRIES, look));
      else print(context, options, check, () => renderCheck(check, look));
    });
}

function parseCheck(text: string): CheckId {
  const id = text.toUpperCase();
  if (!isCheckId(id)) throw new InvalidArgumentError('There is no such check; `meshlift checks` lists them.');
  return id;
}
