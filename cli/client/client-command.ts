import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { createApiClient, type ApiClient } from './api-client.js';
import { findServer, type ServerChoice } from './connection.js';
import type { Context } from './context.js';

/** `text` and `wide` are for people, `json` and `yaml` for programs. */
const FORMATS = ['text', 'json', 'yaml'] as const;
export type OutputFormat = (typeof FORMATS)[number] | 'wide';

/** The option that every command has which shows something. */
export interface OutputChoice {
  readonly output: OutputFormat;
}

/** Options that every command of the client has. */
export interface ClientOptions extends ServerChoice, OutputChoice {}

/** The option `-o`. With `wide` where there is more to show than fits into the usual text. */
export function outputOption({ wide = false }: { readonly wide?: boolean } = {}): Option {
  const formats = wide ? [...FORMATS, 'wide'] : FORMATS;
  return new Option('-o, --output <format>', 'form of the output').choices(formats).default('text');
}

/** A command that talks to the server, with the options that all of them share. */
export function clientCommand(name: string, description: string, output = outputOption()): Command {
  return new Command(name)
    .description(description)
    .addOption(output)
    .option('--server <url>', 'address of the server (MESHLIFT_SERVER; default: the one of `meshlift serve` here)')
    .option('--token-file <file>', 'file that holds the token (or the token itself in MESHLIFT_TOKEN)');
}

/** The client for the server that the options and the environment name. */
export async function connect(options: ClientOptions, context: Context): Promise<ApiClient> {
  return createApiClient(await findServer(options, context.env));
}

/** Whether a program reads the output. */
export function isForPrograms({ output }: OutputChoice): boolean {
  return output === 'json' || output === 'yaml';
}

/** Prints data: in the form for programs that was asked for, else as the text that `render` makes. */
export function print(context: Context, { output }: OutputChoice, value: unknown, render: () => string): void {
  if (output === 'json') context.out(`${JSON.stringify(value, null, 2)}\n`);
  // Not wrapped: commands stand in it that people copy.
  else if (output === 'yaml') context.out(stringify(value, { lineWidth: 0 }));
  else context.out(render());
}
