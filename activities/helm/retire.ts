import { join } from 'node:path';
import { DEFAULT_VALIDATOR, REVISION_LABEL } from '../../domain/names.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';
import type { Step } from '../mesh/drivers/driver.js';
import { releaseFor } from '../releases/release-for.js';
import { changeByHelm } from './change-by-helm.js';
import { helmOf } from './helm.js';
import { ownerOf, recordedRelease } from './releases.js';

const BASE_CHART = join('manifests', 'charts', 'base');
const VALIDATOR: Resource = {
  api: 'admissionregistration.k8s.io/v1',
  plural: 'validatingwebhookconfigurations',
  name: DEFAULT_VALIDATOR,
};

/**
 * Points the default validator at a revision through chart `base`, whose it is; one that somebody else made is left alone.
 * @throws HelmFailed when it does not lead there afterwards
 */
export async function pointValidator({ context, run, route, signal }: Step, side: 'from' | 'to'): Promise<void> {
  const { kube } = context.access(run.cluster);
  const current = await kube.get(VALIDATOR);
  const base = current === null ? null : ownerOf(current.metadata);
  const { revision } = route[side];
  if (current === null || base === null || !leadsToRoute(current, [route.from.revision, route.to.revision])) return;
  const helm = helmOf(context, run.cluster, signal);
  if ((await helm.values(base.namespace, base.name))['defaultRevision'] !== revision) {
    const { dir } = await releaseFor(context, context.release(run.release), signal);
    const args = ['upgrade', '--namespace', base.namespace, '--reuse-values', '--set', `defaultRevision=${revision}`];
    await changeByHelm(context, run, helm, {
      id: `default-revision/${revision}`,
      args: [...args, '--wait', '--', base.name, join(dir, BASE_CHART)],
    });
  }
  await requireValidator(kube, run, revision);
}

function leadsToRoute({ metadata }: KubeObject, revisions: readonly string[]): boolean {
  return revisions.includes(metadata.labels?.[REVISION_LABEL] ?? '');
}

async function requireValidator(kube: KubeClient, run: RunRef, revision: string): Promise<void> {
  const now = (await kube.get(VALIDATOR))?.metadata.labels?.[REVISION_LABEL];
  if (now === revision) return;
  const message = `${DEFAULT_VALIDATOR} of cluster ${run.cluster} leads to ${now ?? 'nothing'} and not to ${revision}, although Helm was told so.`;
  throw failure('HelmFailed', message);
}

/** Tells Helm that the old control plane is gone, and has it keep what it would need to bring it back. */
export async function forgetRelease(step: Step, before: Snapshot): Promise<void> {
  const { context, run, route, signal } = step;
  const { namespace, name } = recordedRelease(before, run.cluster, route);
  const helm = helmOf(context, run.cluster, signal);
  const found = await helm.find(namespace, name);
  if (found === null || found.status === 'uninstalled') return;
  const args = ['uninstall', '--namespace', namespace, '--keep-history', '--no-hooks', '--', name];
  await changeByHelm(context, run, helm, { id: `forget/${name}`, args });
}

/** Has Helm know the old control plane again, as the release that it was; its objects are there already. */
export async function rememberRelease(step: Step, before: Snapshot): Promise<void> {
  const { context, run, route, signal } = step;
  const { namespace, name } = recordedRelease(before, run.cluster, route);
  const helm = helmOf(context, run.cluster, signal);
  const found = await helm.find(namespace, name);
  if (found?.status === 'deployed') return;
  if (found === null) {
    const message = `Helm knows no release ${namespace}/${name} of cluster ${run.cluster} any more: its history is gone.`;
    throw failure('HelmFailed', message);
  }
  const args = ['rollback', '--namespace', namespace, '--wait', '--', name, String(found.revision)];
  await changeByHelm(context, run, helm, { id: `remember/${name}`, args });
}

/** Whether the run's own retirement will point a webhook elsewhere before the old control plane goes. */
export function willBePointed(webhook: KubeObject): boolean {
  return webhook.metadata.name === DEFAULT_VALIDATOR && ownerOf(webhook.metadata) !== null;
}
