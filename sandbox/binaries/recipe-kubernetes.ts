import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runTool } from '../exec.js';
import type { Recipe } from './catalogue.js';
import { buildProgram, go, MENDED_MODULES, moduleDir, writeToolModule, type BuildContext } from './go.js';

type KubernetesRecipe = Extract<Recipe, { type: 'kubernetes' }>;

const GENERATOR = 'k8s.io/kube-openapi/cmd/openapi-gen';
/** Packages that carry the marker but are no part of the API server's OpenAPI document. */
const NOT_SERVED =
  /_test|testdata|\/test\/|examples|openapi-gen|kube-openapi\/pkg\/generators|\/metrics\/|cloud-provider|kubernetes\/pkg\/apis\/abac|\/config\/|clientauth/;

/** Prepares the module that builds Kubernetes programs: resolved once, then kept for every program of the version. */
export async function prepareKubernetes(
  recipe: KubernetesRecipe,
  commands: readonly string[],
  context: BuildContext,
): Promise<void> {
  if (existsSync(join(context.dir, 'prepared'))) return;
  const env = toolchainOf(recipe);
  const source = await moduleDir('k8s.io/kubernetes', `v${recipe.version}`, context);
  const carriesOpenApi = existsSync(join(source, 'pkg/generated/openapi/zz_generated.openapi.go'));
  const packages = commands.map((command) => `k8s.io/kubernetes/cmd/${command}`);
  const goMod = await goModOf(recipe, source);
  await writeToolModule(context, goMod, carriesOpenApi ? packages : [...packages, GENERATOR], env);
  if (!carriesOpenApi) await generateOpenApi(source, context, env);
  await writeFile(join(context.dir, 'prepared'), '');
}

/** Builds one program, with the version that it reports. */
export async function buildKubernetes(
  recipe: KubernetesRecipe,
  command: string,
  context: BuildContext,
): Promise<string> {
  const version = `v${recipe.version}`;
  const [major = '', minor = ''] = recipe.version.split('.');
  return buildProgram(context, `k8s.io/kubernetes/cmd/${command}`, {
    file: command,
    env: toolchainOf(recipe),
    defines: {
      'k8s.io/component-base/version.gitVersion': version,
      'k8s.io/component-base/version.gitMajor': major,
      'k8s.io/component-base/version.gitMinor': minor,
      'k8s.io/client-go/pkg/version.gitVersion': version,
    },
  });
}

function toolchainOf(recipe: KubernetesRecipe): Record<string, string> {
  return recipe.toolchain === null ? {} : { GOTOOLCHAIN: recipe.toolchain };
}

/** k8s.io/kubernetes names its staging modules v0.0.0: each is replaced by the published version of the same release. */
async function goModOf(recipe: KubernetesRecipe, source: string): Promise<string> {
  const text = await readFile(join(source, 'go.mod'), 'utf8');
  const staged = [...text.matchAll(/(k8s\.io\/[\w.-]+)\s+=>\s+\.\/staging/g)].map((match) => match[1] ?? '');
  const unversioned = [...text.matchAll(/^\s+(k8s\.io\/[\w-]+)\s+v0\.0\.0/gm)].map((match) => match[1] ?? '');
  const modules = staged.length > 0 ? staged : [...new Set(unversioned)].sort();
  const stagingVersion = `v0.${recipe.version.split('.').slice(1).join('.')}`;
  const replaced = modules.map((module) => `${module} => ${module} ${stagingVersion}`);
  const mended = recipe.toolchain === null ? [] : MENDED_MODULES;
  const lines = [...replaced, ...mended].map((line) => `\t${line}`).join('\n');
  return `module tools\n\ngo ${recipe.goDirective}\n\nrequire k8s.io/kubernetes v${recipe.version}\n\nreplace (\n${lines}\n)\n`;
}

/** Old releases do not carry the generated OpenAPI definitions: they are generated into a copy of the module. */
async function generateOpenApi(source: string, context: BuildContext, env: Record<string, string>): Promise<void> {
  const generator = await buildProgram(context, GENERATOR, { file: 'openapi-gen', env });
  const packages = await packagesWithOpenApi(context, env);
  const output = 'k8s.io/kubernetes/pkg/generated/openapi';
  const args = ['--go-header-file', '/dev/null', '-i', packages.join(','), '-p', output];
  await runTool(generator, [...args, '-O', 'zz_generated.openapi', '-o', 'generated', '-r', 'violations.list'], {
    cwd: context.dir,
    env: { GOFLAGS: '-buildvcs=false', GO111MODULE: 'on', ...env },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  const copy = join(context.dir, 'kubernetes');
  await rm(copy, { recursive: true, force: true });
  await cp(source, copy, { recursive: true, mode: 0 });
  await runTool('chmod', ['-R', 'u+w', copy]);
  const definitions = await readFile(join(context.dir, 'generated', output, 'zz_generated.openapi.go'));
  await mkdir(join(copy, 'pkg/generated/openapi'), { recursive: true });
  await writeFile(join(copy, 'pkg/generated/openapi/zz_generated.openapi.go'), definitions);
  const goMod = join(context.dir, 'go.mod');
  await writeFile(goMod, `${await readFile(goMod, 'utf8')}\nreplace k8s.io/kubernetes => ./kubernetes\n`);
}

/** Every package of a k8s.io module that asks for OpenAPI definitions by the generator's marker. */
async function packagesWithOpenApi(context: BuildContext, env: Record<string, string>): Promise<string[]> {
  const listed = await go(['list', '-m', '-f', '{{.Path}} {{.Dir}}', 'all'], context, env);
  const modules = listed
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([path, dir]) => path?.startsWith('k8s.io/') && dir !== undefined && dir !== '');
  const found = new Set<string>();
  for (const [path = '', dir = ''] of modules) {
    for (const folder of await foldersWithMarker(dir)) {
      const inside = relative(dir, folder);
      found.add(inside === '' ? path : `${path}/${inside}`);
    }
  }
  const served = [...found].filter((name) => !NOT_SERVED.test(name)).sort();
  return [...served, 'k8s.io/kubernetes/pkg/apis/abac/v1beta1'];
}

async function foldersWithMarker(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const folders = new Set<string>();
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith('.go') || folders.has(entry.parentPath)) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
    if (/^\/\/ \+k8s:openapi-gen=true/m.test(text)) folders.add(entry.parentPath);
  }
  return [...folders];
}
