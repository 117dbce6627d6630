import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { OverlayFile, Route, UpgradeOptions } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { runCommand, type Command, type CommandResult } from '../exec.js';
import { keptOverlays } from '../releases/kept-overlays.js';
import { releaseFor, sourceRelease } from '../releases/release-for.js';
import { runDir } from './run-dir.js';

/** The old release's own istioctl, ready to install it again with the options of the run. */
export interface SourceIstioctl {
  /** Profile and options, as the old installation is asked for. */
  readonly options: readonly string[];
  /** `install`, or what stands for it. */
  readonly installVerb: readonly string[];
  run(args: readonly string[], limits: Pick<Command, 'timeoutMs' | 'lockFile'>): Promise<CommandResult>;
  /** Runs the kubectl that this istioctl would run. */
  kubectl(args: readonly string[]): Promise<CommandResult>;
}

interface Wanted {
  readonly run: RunRef;
  readonly route: Route;
  readonly options: UpgradeOptions;
  readonly overlays: readonly OverlayFile[];
  readonly signal: AbortSignal;
}

/**
 * Guide, steps 2 and 6: the istioctl of the kept archive. It runs the kubectl that it finds in PATH, and a current one
 * breaks it: the cluster's own kubectl comes first there.
 */
export async function sourceIstioctl(context: ActivityContext, wanted: Wanted): Promise<SourceIstioctl> {
  const { run, route, options, overlays, signal } = wanted;
  const release = sourceRelease(context, route.from.version);
  const { istioctl } = await releaseFor(context, release, signal);
  const { cluster } = context.access(run.cluster);
  const tools = cluster.kubectl === undefined ? null : await folderWith(cluster.kubectl, runDir(context.dataDir, run));
  const path = process.env['PATH'] ?? '';
  const env = { PATH: tools === null ? path : `${tools}:${path}` };
  return {
    options: [
      ...['--set', `profile=${release.profile}`],
      ...(await keptOverlays(context, run, overlays)).flatMap((file) => ['-f', file]),
      ...options.set.flatMap((option) => ['--set', option]),
    ],
    installVerb: await installVerbOf(istioctl, signal),
    run: (args, limits) => runCommand({ file: istioctl, args, env, signal, ...limits }),
    kubectl: (args) => runCommand({ file: cluster.kubectl ?? 'kubectl', args, env, signal, timeoutMs: 30_000 }),
  };
}

/** Upstream's 1.5 has `manifest apply` and no `install`, the guide's has `install`. An unknown command exits with 0 here. */
async function installVerbOf(istioctl: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runCommand({ file: istioctl, args: ['--help'], signal, timeoutMs: 30_000 });
  return /^\s+install\s/m.test(stdout) ? ['install'] : ['manifest', 'apply'];
}

/** A folder for PATH that has the file under the name `kubectl`, whatever it is called where it lies. */
async function folderWith(kubectl: string, dir: string): Promise<string> {
  const folder = join(dir, 'tools');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(join(folder, 'kubectl'), { force: true });
  await symlink(kubectl, join(folder, 'kubectl'));
  return folder;
}
