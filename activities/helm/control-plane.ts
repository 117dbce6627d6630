import { join } from 'node:path';
import { carriedValues, isHalfWay, releaseNameOf } from '../../domain/helm.js';
import type { Route } from '../../domain/plan.js';
import { createPrivateFile } from '../../settings/private-file.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Installation, RunRef } from '../contract.js';
import { keptOverlays } from '../releases/kept-overlays.js';
import { releaseFor } from '../releases/release-for.js';
import { runDir } from '../rollback/snapshot-file.js';
import { applyCrds } from './crds.js';
import { helmOf, type Helm } from './helm.js';
import { sourceRelease, type ReleaseRef } from './releases.js';

/** Chart of a control plane, in the archive of a release. */
export const ISTIOD_CHART = join('manifests', 'charts', 'istio-control', 'istio-discovery');
/** As long as istioctl would wait. */
const TIMEOUT = '10m';
const TIMEOUT_MS = 660_000;

/**
 * Installs the new control plane as a release of Helm beside the old one, with the values that a person gave to that. CRDs come
 * first. Helm waits until it is ready; run again after a crash, it makes an end of what was left half-way and begins anew: nothing
 * uses it yet.
 * @throws HelmFailed with Helm's last lines
 */
export async function installByHelm(
  context: ActivityContext,
  { run, options, overlays, route }: Installation,
  signal: AbortSignal,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const helm = helmOf(context, run.cluster, signal);
  const { dir } = await releaseFor(context, context.release(run.release), signal);
  const source = await sourceRelease(kube, run.cluster, route);
  const target = { ...source, name: releaseNameOf(route.to.revision) };
  await applyCrds(context, run, dir);
  await endHalfWay(context, run, helm, target);
  const files = [await keptValues(context, run, helm, source), ...(await keptOverlays(context, run, overlays))];
  const args = [
    ...['upgrade', '--install', '--namespace', target.namespace, '--wait', '--timeout', TIMEOUT],
    ...chosenValues(route.to.revision, files, options.set),
    ...['--', target.name, join(dir, ISTIOD_CHART)],
  ];
  await changeByHelm(context, run, helm, { id: 'install', args });
}

/** How the values of a new control plane are given to Helm: those of the old one, then what the run was asked for. */
export function chosenValues(revision: string, files: readonly string[], set: readonly string[]): string[] {
  return [
    ...files.flatMap((file) => ['--values', file]),
    ...set.flatMap((option) => ['--set', option]),
    ...['--set', `revision=${revision}`],
  ];
}

/** Values may hold what nobody else should read: they are kept with the run, for its owner only. */
async function keptValues(context: ActivityContext, run: RunRef, helm: Helm, source: ReleaseRef): Promise<string> {
  const file = join(runDir(context.dataDir, run), 'values.json');
  createPrivateFile(file, JSON.stringify(carriedValues(await helm.values(source.namespace, source.name))));
  return file;
}

async function endHalfWay(context: ActivityContext, run: RunRef, helm: Helm, target: ReleaseRef): Promise<void> {
  const found = await helm.find(target.namespace, target.name);
  if (found !== null && isHalfWay(found)) await uninstall(context, run, helm, target);
}

/** Takes the release of the new control plane away, if there is one: nothing uses it any more. */
export async function uninstallNew(
  context: ActivityContext,
  run: RunRef,
  route: Route,
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<void> {
  const helm = helmOf(context, run.cluster, signal);
  const target = { namespace, name: releaseNameOf(route.to.revision) };
  if ((await helm.find(namespace, target.name)) !== null) await uninstall(context, run, helm, target);
}

function uninstall(context: ActivityContext, run: RunRef, helm: Helm, { namespace, name }: ReleaseRef): Promise<void> {
  const args = ['uninstall', '--namespace', namespace, '--wait', '--timeout', TIMEOUT, '--', name];
  return changeByHelm(context, run, helm, { id: `uninstall/${name}`, args });
}

/** Has Helm change the cluster, with its entry in the journal. */
export async function changeByHelm(
  context: ActivityContext,
  run: RunRef,
  helm: Helm,
  { id, args }: { readonly id: string; readonly args: readonly string[] },
): Promise<void> {
  const lockFile = join(runDir(context.dataDir, run), 'helm.lock');
  await recordOperation(
    context.journal,
    run,
    { id: `helm/${id}`, argv: ['helm', ...args], mutating: true },
    async () => {
      const { tail } = await helm.run(args, { timeoutMs: TIMEOUT_MS, lockFile });
      return { outcome: 'succeeded', tail, value: undefined };
    },
  );
}
