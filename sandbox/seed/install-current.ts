import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import type { Sandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { unpackedRelease } from '../releases/archives.js';
import { CURRENT } from '../releases/stand-ins.js';

/** What the old control plane of current Istio calls itself, and its revision. */
export const OLD_VERSION = '1.30.3';
export const OLD_REVISION = '1-30-3';

/**
 * Installs the old control plane with the release's own istioctl.
 * @param revision null for an installation that names none
 */
export async function installCurrent(
  sandbox: Sandbox,
  revision: string | null,
  profile: 'minimal' | 'default' | 'ambient' = 'minimal',
): Promise<void> {
  await istioctl(sandbox, [
    'install',
    '--skip-confirmation',
    `--set=profile=${profile}`,
    '--set=hub=docker.io/istio',
    `--set=tag=${OLD_VERSION}`,
    ...(revision === null ? [] : [`--set=revision=${revision}`]),
    '--readiness-timeout=120s',
  ]);
}

/** Makes a tag, or moves it. */
export async function setTag(sandbox: Sandbox, tag: string, revision: string): Promise<void> {
  await istioctl(sandbox, ['tag', 'set', tag, `--revision=${revision}`, '--overwrite']);
}

async function istioctl(sandbox: Sandbox, args: readonly string[]): Promise<void> {
  const file = join(unpackedRelease(defaultCacheDir(), CURRENT), 'bin', 'istioctl');
  await runTool(file, [...args, `--kubeconfig=${sandbox.adminKubeconfig}`]);
}
