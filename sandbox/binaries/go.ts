import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool, ToolError } from '../exec.js';

/** What every recipe is given. */
export interface BuildContext {
  /** Folder to work in; it outlives a failed build. */
  readonly dir: string;
  readonly signal?: AbortSignal;
}

const RELEASE_FLAGS = ['-trimpath'];

/** Libraries of 2020 that crash on a Go newer than 1.17 (map iteration through reflect2 1.0.1), and their mended versions. */
export const MENDED_MODULES = [
  'github.com/modern-go/reflect2 => github.com/modern-go/reflect2 v1.0.2',
  'github.com/json-iterator/go => github.com/json-iterator/go v1.1.12',
];

/** Runs the go command. `toolchain` picks the exact Go that compiles; Go fetches it by itself. */
export async function go(
  args: readonly string[],
  context: BuildContext,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return runTool('go', args, {
    cwd: context.dir,
    env: { GOFLAGS: '-buildvcs=false', GO111MODULE: 'on', ...env },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
}

/** Fetches a module and gives the folder of its sources (read-only, in Go's own cache). */
export async function moduleDir(module: string, version: string, context: BuildContext): Promise<string> {
  // Outside any module, or the go.mod of the working folder would have a say.
  const answer = await go(['mod', 'download', '-json', `${module}@${version}`], { ...context, dir: tmpdir() });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** Writes a module that exists only to build programs of other modules, and resolves what they need. */
export async function writeToolModule(
  context: BuildContext,
  goMod: string,
  packages: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(context.dir, { recursive: true });
  await writeFile(join(context.dir, 'go.mod'), goMod);
  const imports = packages.map((name) => `import _ "${name}"`).join('\n');
  await writeFile(join(context.dir, 'tools.go'), `//go:build tools\n\npackage tools\n\n${imports}\n`);
  try {
    await go(['mod', 'tidy'], context, env);
  } catch (error) {
    // The one step that talks to the network for minutes: a passing fault there deserves a second try.
    if (!(error instanceof ToolError)) throw error;
    await go(['mod', 'tidy'], context, env);
  }
}

/** Compiles one program into the working folder and gives the path of the file. */
export async function buildProgram(
  context: BuildContext,
  packagePath: string,
  options: {
    readonly file: string;
    readonly defines?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const output = join(context.dir, options.file);
  const flags = linkerFlags(options.defines);
  await go(['build', ...RELEASE_FLAGS, '-ldflags', flags, '-o', output, packagePath], context, options.env);
  return output;
}

/** Leaves out what a debugger would need, and sets the variables of a program that say what it is. */
export function linkerFlags(defines: Readonly<Record<string, string>> = {}): string {
  return ['-s', '-w', ...Object.entries(defines).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}
