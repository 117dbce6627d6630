import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { assetPath } from '../../settings/node-command.js';
import { workDir } from '../binaries/cache.js';
import { groupOf } from '../binaries/catalogue.js';
import { moduleDir, type BuildContext } from '../binaries/go.js';
import { binaryPath, type EnsureOptions } from '../binaries/index.js';
import { buildIstio, prepareIstio } from '../binaries/recipe-istio.js';
import { runTool } from '../exec.js';
import type { StandIn } from './stand-ins.js';

/** Lays a release out in a folder as its archive has it: `bin/`, `manifests/`, `samples/` (guide, step 3). */
export async function layOut(standIn: StandIn, unpacked: string, options: EnsureOptions): Promise<void> {
  const group = groupOf(standIn.istioctl);
  const context = { dir: workDir(options.cacheDir, group), ...(options.signal ? { signal: options.signal } : {}) };
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(join(unpacked, 'bin'), { recursive: true });
  if (standIn.proof === 'signature') await layOutVendors(standIn, unpacked, context);
  else await layOutUpstreams(standIn, unpacked, { context, cacheDir: options.cacheDir });
}

/** The vendor's istioctl knows the vendor's profiles: here a launcher stands in front of upstream's. */
async function layOutVendors(standIn: StandIn, unpacked: string, context: BuildContext): Promise<void> {
  const group = groupOf(standIn.istioctl);
  if (group.recipe.type !== 'istio') throw new Error("a stand-in for the vendor's release is made from an old Istio");
  await prepareIstio(group.recipe, Object.values(group.binaries), context);
  const istioctl = await buildIstio(group.recipe, 'istioctl/cmd/istioctl', context, standIn.version);
  await copySources(standIn, unpacked, await moduleDir('istio.io/istio', group.recipe.pseudoVersion, context));
  await copyFile(istioctl, join(unpacked, 'bin', 'istioctl-bin'));
  await copyFile(assetPath(new URL('./istioctl-launcher.sh', import.meta.url)), join(unpacked, 'bin', 'istioctl'));
  await Promise.all(['istioctl', 'istioctl-bin'].map((name) => chmod(join(unpacked, 'bin', name), 0o755)));
  await writeVendorProfile(join(unpacked, 'manifests', 'profiles'), standIn.version);
}

/** The vendor's profile is upstream's default one with the vendor's images. */
async function writeVendorProfile(profiles: string, version: string): Promise<void> {
  const text = await readFile(join(profiles, 'default.yaml'), 'utf8');
  const vendor = text
    .replace(/^ {2}hub: .*$/m, '  hub: gcr.io/gke-release/asm')
    .replace(/^ {2}tag: .*$/m, `  tag: ${version}`);
  await writeFile(join(profiles, 'asm-multicloud.yaml'), vendor);
}

interface UpstreamContext {
  readonly context: BuildContext;
  readonly cacheDir: string;
}

async function layOutUpstreams(standIn: StandIn, unpacked: string, { context, cacheDir }: UpstreamContext) {
  const { recipe } = groupOf(standIn.istioctl);
  if (recipe.type !== 'goProgram') throw new Error("a stand-in for upstream's release is made from current Istio");
  await copySources(standIn, unpacked, await moduleDir(recipe.module, recipe.version, context));
  await copyFile(binaryPath(cacheDir, standIn.istioctl), join(unpacked, 'bin', 'istioctl'));
  await chmod(join(unpacked, 'bin', 'istioctl'), 0o755);
  await stampCharts(join(unpacked, 'manifests'), standIn.version);
}

/** What upstream's release builder does to the charts: their own version, and hub and tag of the images. */
async function stampCharts(manifests: string, version: string): Promise<void> {
  for (const entry of await readdir(manifests, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    const isProfile = basename(dirname(file)) === 'profiles' && entry.name === 'default.yaml';
    if (!entry.isFile() || !(isProfile || ['Chart.yaml', 'values.yaml'].includes(entry.name))) continue;
    const stamped = (await readFile(file, 'utf8'))
      .replace(/^(version|appVersion): 1\.0\.0$/gm, `$1: ${version}`)
      .replace(/^( +)hub: registry\.istio\.io\/testing$/gm, '$1hub: docker.io/istio')
      .replace(/^( +)tag: latest$/gm, `$1tag: ${version}`);
    await writeFile(file, stamped);
  }
}

async function copySources({ folders }: StandIn, unpacked: string, source: string): Promise<void> {
  for (const [from, to] of Object.entries(folders)) {
    await cp(join(source, from), join(unpacked, to), { recursive: true });
  }
  // Go keeps its module cache read-only, and the copies with it.
  await runTool('chmod', ['-R', 'u+w', unpacked]);
}
