import { join } from 'node:path';
import { carriedValues, isHalfWay, releaseNameOf } from '../../domain/helm.js';
import { DEFAULT_REVISION } from '../../domain/names.js';
import { isInPlace, type Route } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import type { Installation, RunRef } from '../contract.js';
import { keptOverlays } from '../releases/kept-overlays.js';
import { releaseFor } from '../releases/release-for.js';
import { applyCrds } from './crds.js';
import { changeByHelm, TIMEOUT } from './change-by-helm.js';
import { helmOf, type Helm } from './helm.js';
import { sourceRelease, type ReleaseRef } from './releases.js';
import { upgradeRelease } from './upgrade-release.js';
import { keepValues, valueArguments } from './values.js';

/** Chart of a control plane, in the archive of a release. */
export const ISTIOD_CHART = join('manifests', 'charts', 'istio-control', 'istio-discovery');

/**
 * Installs the new control plane as a release of Helm beside the old one, with the values that a person gave to that; in place that
 * very release is upgraded. CRDs come first. Helm waits until it is ready; run again after a crash, it makes an end of what was left
 * half-way and begins anew: nothing uses it yet.
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
  await applyCrds(context, run, dir);
  const chart = join(dir, ISTIOD_CHART);
  const chosen = { files: await keptOverlays(context, run, overlays), set: options.set };
  if (isInPlace(route)) return upgradeRelease({ context, run, signal }, { ref: source, chart, ...chosen });
  const target = { ...source, name: releaseNameOf(route.to.revision) };
  await endHalfWay(context, run, helm, target);
  const files = [
    keepValues(context, run, source, carriedValues(await helm.values(source.namespace, source.name))),
    ...chosen.files,
  ];
  const args = [
    ...['upgrade', '--install', '--namespace', target.namespace, '--wait', '--timeout', TIMEOUT],
    ...chosenValues(route.to.revision, files, options.set),
    ...['--', target.name, chart],
  ];
  await changeByHelm(context, run, helm, { id: 'install', args });
}

/** How the values of a new control plane are given to Helm: those of the old one, then what the run was asked for. */
export function chosenValues(revision: string, files: readonly string[], set: readonly string[]): string[] {
  const named = revision === DEFAULT_REVISION ? [] : ['--set', `revision=${revision}`];
  return [...valueArguments(files, set), ...named];
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
