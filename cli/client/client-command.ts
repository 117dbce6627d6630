import { Command, Option } from 'commander';
import { createApiClient, type ApiClient } from './api-client.js';
import { findServer, type ServerChoice } from './connection.js';
import type { Context } from './context.js';

/** Options that every command of the client has. */
export interface ClientOptions extends ServerChoice {
  readonly output: 'text' | 'json';
}

/**
 * A command that talks to the server, with the options that all of them share.
 * @param formats of the output, the default one first
 */
export function clientCommand(
  name: string,
  description: string,
  formats: readonly [string, ...string[]] = ['text', 'json'],
): Command {
  return new Command(name)
    .description(description)
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(formats).default(formats[0]))
    .option('--server <url>', 'address of the server (MESHLIFT_SERVER; default: the one of `meshlift serve` here)')
    .option('--token-file <file>', 'file that holds the token (or the token itself in MESHLIFT_TOKEN)');
}

/** The client for the server that the options and the environment name. */
export async function connect(options: ServerChoice, context: Context): Promise<ApiClient> {
  return createApiClient(await findServer(options, context.env));
}

/** Prints data: as JSON when asked for, else as the text that `render` makes. */
export function print(context: Context, options: ClientOptions, value: unknown, render: () => string): void {
  context.out(options.output === 'json' ? `${JSON.stringify(value, null, 2)}\n` : render());
}
