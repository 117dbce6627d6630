import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath, OLDER_VERSION } from '../binaries/index.js';
import type { Sandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { unpackedRelease } from '../releases/archives.js';
import { CURRENT } from '../releases/stand-ins.js';

/** What the old control plane of current Istio calls itself, and its revision. */
export const OLD_VERSION = '1.30.3';
export const OLD_REVISION = '1-30-3';

/** An Istio that was built from an older commit, and its revision. */
export const OLDER_REVISION = '1-30-0';
export const OLDER_BINARIES = [`istioctl-${OLDER_VERSION}`, 'pilot-discovery-older'];

type Profile = 'minimal' | 'default' | 'ambient';

/**
 * Installs the old control plane with the target's own istioctl.
 * @param revision null for an installation that names none
 */
export async function installCurrent(
  sandbox: Sandbox,
  revision: string | null,
  profile: Profile = 'minimal',
): Promise<void> {
  const old = ['--set=hub=docker.io/istio', `--set=tag=${OLD_VERSION}`];
  await istioctl(sandbox, ['install', ...installation(profile, revision), ...old]);
}

/** Installs an older Istio with the istioctl of its own commit, which has its charts compiled in. */
export async function installOlder(sandbox: Sandbox, profile: Profile): Promise<void> {
  const file = binaryPath(defaultCacheDir(), `istioctl-${OLDER_VERSION}`);
  await istioctl(sandbox, ['install', ...installation(profile, OLDER_REVISION)], file);
}

function installation(profile: Profile, revision: string | null): string[] {
  const named = revision === null ? [] : [`--set=revision=${revision}`];
  return ['--skip-confirmation', `--set=profile=${profile}`, ...named, '--readiness-timeout=120s'];
}

/** Makes a tag, or moves it. */
export async function setTag(sandbox: Sandbox, tag: string, revision: string): Promise<void> {
  await istioctl(sandbox, ['tag', 'set', tag, `--revision=${revision}`, '--overwrite']);
}

async function istioctl(sandbox: Sandbox, args: readonly string[], file = targetsIstioctl()): Promise<void> {
  await runTool(file, [...args, `--kubeconfig=${sandbox.adminKubeconfig}`]);
}

function targetsIstioctl(): string {
  return join(unpackedRelease(defaultCacheDir(), CURRENT), 'bin', 'istioctl');
}
