import { readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from './catalogue.js';
import { buildProgram, MENDED_MODULES, moduleDir, writeToolModule, type BuildContext } from './go.js';

type IstioRecipe = Extract<Recipe, { type: 'istio' }>;

/** The old home of this module is gone; it lives on elsewhere, unchanged. */
const MOVED_MODULE = 'vbom.ml/util => github.com/fvbommel/util v0.0.0-20180919145318-efcd4e0f9787';

/** Prepares the module that builds programs of an old Istio, with the replacements that Istio's own go.mod asks for. */
export async function prepareIstio(
  recipe: IstioRecipe,
  packages: readonly string[],
  context: BuildContext,
): Promise<void> {
  if (existsSync(join(context.dir, 'prepared'))) return;
  const source = await moduleDir('istio.io/istio', recipe.pseudoVersion, context);
  const own = (await readFile(join(source, 'go.mod'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('replace '));
  const added = [MOVED_MODULE, ...MENDED_MODULES].map((line) => `replace ${line}`);
  const goMod = `module tools\n\ngo 1.17\n\nrequire istio.io/istio ${recipe.pseudoVersion}\n\n${[...own, ...added].join('\n')}\n`;
  const paths = packages.map((name) => `istio.io/istio/${name}`);
  await writeToolModule(context, goMod, paths, { GOTOOLCHAIN: recipe.toolchain });
  await writeFile(join(context.dir, 'prepared'), '');
}

/** Builds one program that reports the given version. */
export async function buildIstio(
  recipe: IstioRecipe,
  packagePath: string,
  context: BuildContext,
  reported: string = recipe.version,
): Promise<string> {
  return buildProgram(context, `istio.io/istio/${packagePath}`, {
    file: packagePath.split('/').at(-1) ?? packagePath,
    env: { GOTOOLCHAIN: recipe.toolchain },
    defines: {
      'istio.io/pkg/version.buildVersion': reported,
      'istio.io/pkg/version.buildTag': reported,
      'istio.io/pkg/version.buildStatus': 'Clean',
    },
  });
}
