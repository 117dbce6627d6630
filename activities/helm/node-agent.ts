import { join } from 'node:path';
import { placeOf } from '../../domain/gateways.js';
import type { NodeAgent, NodeAgentKind } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import type { Installation } from '../contract.js';
import { failure } from '../failure.js';
import { releaseFor } from '../releases/release-for.js';
import { ownerOf } from './releases.js';
import { upgradeRelease } from './upgrade-release.js';

/** Charts of what runs on every node, in the archive of a release. */
const CHARTS: Readonly<Record<NodeAgentKind, string>> = {
  cni: join('manifests', 'charts', 'istio-cni'),
  ztunnel: join('manifests', 'charts', 'ztunnel'),
};

/**
 * Upgrades a part of every node through the release of Helm that its DaemonSet names. Options of the run are those of the control
 * plane: this one keeps its own values.
 * @throws HelmFailed with Helm's last lines, or when the DaemonSet names no release
 */
export async function upgradeAgent(
  context: ActivityContext,
  { run }: Pick<Installation, 'run'>,
  { daemonSet, kind }: NodeAgent,
  signal: AbortSignal,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const object = await kube.get({ api: 'apps/v1', plural: 'daemonsets', ...placeOf({ deployment: daemonSet }) });
  const ref = object === null ? null : ownerOf(object.metadata);
  if (ref === null) {
    const message = `DaemonSet ${daemonSet} of cluster ${run.cluster} names no release of Helm that it belongs to.`;
    throw failure('HelmFailed', message);
  }
  const { dir } = await releaseFor(context, context.release(run.release), signal);
  await upgradeRelease({ context, run, signal }, { ref, chart: join(dir, CHARTS[kind]), files: [], set: [] });
}
