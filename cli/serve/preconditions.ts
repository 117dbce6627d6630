import { MissingPrerequisite } from '../../sandbox/binaries/index.js';
import { SandboxError } from '../../sandbox/sandbox.js';
import { SettingsError } from '../../settings/settings.js';
import type { Context } from '../client/context.js';
import { EXIT } from '../exit-codes.js';

/**
 * Does the work of a command. That something must be done first (a tool installed, a file mended, another name chosen) is
 * told as a sentence and as the exit code of wrong use; anything else is left to the caller.
 */
export async function withPreconditions(context: Context, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const known = [MissingPrerequisite, SandboxError, SettingsError].some((kind) => error instanceof kind);
    if (!known) throw error;
    context.err(`meshlift: ${(error as Error).message}\n`);
    context.finish(EXIT.usage);
  }
}
