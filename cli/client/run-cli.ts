import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOfError, UsageError, type ExitCode } from '../exit-codes.js';
import { clean } from '../render/text.js';
import type { Context } from './context.js';
import { ApiProblem } from './problem.js';

/** Builds the program `meshlift` out of its commands. */
export function createProgram(version: string, commands: readonly Command[]): Command {
  const program = new Command('meshlift')
    .description('Upgrade a service mesh without surprises.')
    .version(version)
    .showHelpAfterError('(add --help for what is possible)');
  for (const command of commands) program.addCommand(command);
  return program;
}

/**
 * Runs one command line, and turns whatever goes wrong into a sentence on standard error and an exit code.
 * @param args without the names of node and of the script
 */
export async function runCli(program: Command, args: readonly string[], context: Context): Promise<void> {
  for (const command of withSubcommands(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: context.out, writeErr: context.err });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      context.finish(exitCodeOfCommander(error));
      return;
    }
    context.err(complaint(error));
    context.finish(exitCodeOfError(error));
  }
}

/** Commander has said it already. Help and version are no errors; `commander.error` is what a command says of itself. */
function exitCodeOfCommander({ code, exitCode }: CommanderError): ExitCode {
  if (exitCode === 0) return EXIT.done;
  return code === 'commander.error' ? EXIT.error : EXIT.usage;
}

function complaint(error: unknown): string {
  if (error instanceof ApiProblem) {
    const { detail, code, hint } = error.problem;
    return `meshlift: ${clean(detail)} (${clean(code)})\n${hint === '' ? '' : `  hint: ${clean(hint)}\n`}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `meshlift: ${message}\n${error instanceof UsageError ? `  Nothing was ${error.undone}.\n` : ''}`;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
