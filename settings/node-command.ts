import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A command line that runs one of this project's own files in a new Node process. */
export interface NodeCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

const here = fileURLToPath(import.meta.url);
/** Top folder of the project, whether this runs from its sources or from `dist/`. */
export const PROJECT_ROOT = dirname(dirname(here.replace('/dist/', '/')));

/**
 * How to run a file of this project: sources need a loader for TypeScript, compiled files do not.
 * @param entry URL of the file, ending in `.ts` or `.js` like the caller's own
 */
export function nodeCommand(entry: URL, args: readonly string[]): NodeCommand {
  const file = fileURLToPath(entry);
  const source = existsSync(file) ? file : file.replace(/\.js$/, '.ts');
  const loader = source.endsWith('.ts') ? ['--import', 'tsx'] : [];
  // `--import` is resolved from the working folder, so that must be the project's.
  return { file: process.execPath, args: [...loader, source, ...args], cwd: PROJECT_ROOT };
}

/** Path of a data file that lies beside the sources; compiled code in `dist/` uses the same file. */
export function assetPath(url: URL): string {
  const beside = fileURLToPath(url);
  return existsSync(beside) ? beside : beside.replace('/dist/', '/');
}
