import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import { isInPlace, type Route } from '../../domain/plan.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, Installation, RunRef } from '../contract.js';
import { runCommand, type CommandResult } from '../exec.js';
import { lastLine } from '../exec-output.js';
import { failure, isFailure } from '../failure.js';
import { installByHelm } from '../helm/control-plane.js';
import { heartbeating } from '../heartbeat.js';
import { keptOverlays } from '../releases/kept-overlays.js';
import { accessArguments } from '../kube/access-arguments.js';
import { createTargetInstallation, profileArguments } from '../planning/target-installation.js';
import { releaseFor } from '../releases/release-for.js';
import { runDir } from '../rollback/run-dir.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { versionOf } from '../workloads/owned-pods.js';
import type { InstallStage } from './drivers/driver.js';
import { driverFor } from './drivers/index.js';

/** istioctl waits that long for what it installed; the guide says five to ten minutes. */
const READINESS_TIMEOUT = '600s';
/**
 * One request that fails makes istioctl end, and it applies all of it when it is asked again. What it waited long for will
 * not come sooner.
 */
const MOST_TRIES = 3;
const NO_MORE_AFTER_MS = 120_000;
const BETWEEN_TRIES_MS = 3_000;

/**
 * Guide, step 4: `istioctl install` of the new revision beside the old one, with the options of the old installation. In place
 * istioctl removes what it is not told to install, so that nothing can be left for later (ADR 0012).
 * istioctl applies, so that running it again after a crash is harmless; one that a killed worker left behind is ended first.
 * @throws InstallFailed with istioctl's last lines, or when the revision exists with other contents
 */
export function createInstallControlPlane(context: ActivityContext): Activities['installControlPlane'] {
  return (installation) => {
    const stage = isInPlace(installation.route) ? 'everything' : 'controlPlane';
    return heartbeating((signal) => install(context, installation, stage, signal));
  };
}

/** What an installation is called in the journal. */
const OPERATIONS: Readonly<Record<InstallStage, string>> = {
  everything: 'install',
  controlPlane: 'install',
  cni: 'install-cni',
  ztunnel: 'install-ztunnel',
  gateways: 'install-gateways',
};

/**
 * Runs `istioctl install` with the options of the run, or Helm where that keeps the mesh; running it again after a crash is harmless.
 * @throws HelmFailed; InstallFailed with istioctl's last lines, or when the revision exists with other contents
 */
export async function install(
  context: ActivityContext,
  installation: Installation,
  stage: InstallStage,
  signal: AbortSignal,
): Promise<void> {
  const { run, options, overlays, route } = installation;
  const { cluster } = context.access(run.cluster);
  const release = context.release(run.release);
  await refuseForeignRevision(context, run, route);
  if (route.installer === 'helm') return installByHelm(context, installation, signal);
  const { istioctl } = await releaseFor(context, release, signal);
  const wish = createTargetInstallation(context, { release, options, route, cluster: run.cluster }, signal);
  const shown = [
    'install',
    ...profileArguments(options.profile ?? release.profile, route.to.revision),
    ...(await keptOverlays(context, run, overlays)).flatMap((file) => ['-f', file]),
    ...options.set.flatMap((option) => ['--set', option]),
    ...(await driverFor(route).install(stage, {
      spec: async () => (await wish.specs()).given,
      gateways: () => installedGateways(context, run),
    })),
  ];
  const target = accessArguments(cluster);
  const operation = { id: OPERATIONS[stage], argv: ['istioctl', ...redacted(shown)], mutating: true };
  const once = () =>
    recordOperation(context.journal, run, operation, async () => {
      const result = await runCommand({
        file: istioctl,
        args: [...shown, ...target, '--readiness-timeout', READINESS_TIMEOUT],
        signal,
        lockFile: join(runDir(context.dataDir, run), 'istioctl.lock'),
      });
      if (result.exitCode !== 0) throw refused(run, result);
      return { outcome: 'succeeded', tail: result.tail, value: undefined };
    });
  await patiently(once, signal);
}

async function installedGateways(context: ActivityContext, run: RunRef): Promise<readonly string[]> {
  const { gateways = {} } = await readSnapshot(context.dataDir, run);
  return Object.keys(gateways).filter((deployment) => gateways[deployment]?.kind === 'installed');
}

/** @throws InstallFailed of the last try */
async function patiently(install: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  for (let triesLeft = MOST_TRIES - 1; ; triesLeft--) {
    try {
      await install();
      return;
    } catch (error) {
      const isOver = triesLeft === 0 || performance.now() - began > NO_MORE_AFTER_MS;
      if (isOver || !isFailure(error, 'InstallFailed')) throw error;
      await delay(BETWEEN_TRIES_MS, undefined, { signal });
    }
  }
}

function refused({ cluster }: RunRef, { exitCode, tail }: Pick<CommandResult, 'exitCode' | 'tail'>) {
  const message = `istioctl ended with exit code ${exitCode} in cluster ${cluster}: ${lastLine(tail)}`;
  return failure('InstallFailed', message, { tail });
}

/** Revisions are immutable: one of that name with another version is somebody else's (pitfalls 4b). */
async function refuseForeignRevision(context: ActivityContext, run: RunRef, route: Route): Promise<void> {
  const { from, to } = route;
  const known = isInPlace(route) ? [from.version, to.version] : [to.version];
  const { items } = await context
    .access(run.cluster)
    .kube.list(
      { api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE },
      { labelSelector: `app=istiod,${REVISION_LABEL}=${to.revision}` },
    );
  for (const deployment of items) {
    const tag = versionOf(deployment);
    if (known.includes(tag)) continue;
    const why = isInPlace(route) ? `neither ${known.join(' nor ')}` : 'revisions are never changed';
    const message = `Revision ${to.revision} exists in cluster ${run.cluster} already, with version ${tag}; ${why}.`;
    throw failure('InstallFailed', message);
  }
}

/** Values of options whose name sounds like a secret stay out of the journal. */
function redacted(args: readonly string[]): string[] {
  return args.map((arg) => arg.replace(/^([^=]*(?:password|secret|token|key)[^=]*)=.*/i, '$1=(redacted)'));
}
