import { join } from 'node:path';

import { DEFAULT_REVISION, DEFAULT_TAG, DEFAULT_VALIDATOR, REVISION_LABEL, TAG_LABEL } from '../../domain/names.js';
import { pluralOf } from '../../domain/old-revision.js';
import type { RevisionTag, Route } from '../../domain/plan.js';
import { keyOf, recordedLabels, type RecordedObject, type Snapshot } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { RunRef } from '../contract.js';
import { runCommand } from '../exec.js';
import { lastLine } from '../exec-output.js';
import { failure } from '../failure.js';
import { accessArguments } from '../kube/access-arguments.js';
import type { KubeClient, Resource } from '../kube/types.js';
import { tagOf } from '../planning/detect-mesh.js';
import { releaseFor } from '../releases/release-for.js';
import { observe } from '../rollback/observe.js';
import { removeObject } from '../rollback/remove-new-control-plane.js';
import { restoreObject } from '../rollback/restore.js';
import { runDir } from '../rollback/run-dir.js';
import { untilHolds } from './deployment-state.js';
import type { Step } from './drivers/driver.js';
import { probeInjection } from './probe-namespace.js';

const WEBHOOKS: Resource = { api: 'admissionregistration.k8s.io/v1', plural: 'mutatingwebhookconfigurations' };
/** istiod writes its certificate into a webhook within seconds. */
const SETTLE_SECONDS = 60;

/** The revision tags of a cluster, as its injection webhooks say. */
export async function readTags(kube: KubeClient): Promise<RevisionTag[]> {
  const { items } = await kube.list(WEBHOOKS, { labelSelector: TAG_LABEL });
  return items.flatMap(tagOf);
}

/**
 * Points a tag at the new revision with the target's own istioctl: for the default tag that moves validation too, and puts
 * the webhook of a control plane without a revision to sleep, so that no pod is injected twice (IST0139).
 * @throws TagNotMoved when the tag does not lead there afterwards, or a pod that asks for it gets another sidecar
 */
export async function pointTag({ context, run, route, signal }: Step, tag: string): Promise<void> {
  const { kube, cluster } = context.access(run.cluster);
  const { istioctl } = await releaseFor(context, context.release(run.release), signal);
  const { revision } = route.to;
  const shown = ['tag', 'set', tag, '--revision', revision, '--overwrite', '--skip-confirmation'];
  const target = accessArguments(cluster);
  await recordOperation(
    context.journal,
    run,
    { id: `tag/${tag}`, argv: ['istioctl', ...shown], mutating: true },
    async () => {
      if (await leadsTo(kube, tag, revision)) return { outcome: 'unchanged', value: undefined };
      const lockFile = join(runDir(context.dataDir, run), 'istioctl.lock');
      const { exitCode, tail } = await runCommand({ file: istioctl, args: [...shown, ...target], signal, lockFile });
      if (await leadsTo(kube, tag, revision)) return { outcome: 'succeeded', tail, value: undefined };
      const message = `istioctl ended with exit code ${exitCode}, and tag ${tag} of cluster ${run.cluster} does not lead to ${revision}: ${lastLine(tail)}`;
      throw failure('TagNotMoved', message, { tail });
    },
  );
  await requireSidecar(kube, { run, tag, expected: route.to.sidecar.proxyTag, signal });
}

async function leadsTo(kube: KubeClient, tag: string, revision: string): Promise<boolean> {
  return (await readTags(kube)).some((entry) => entry.tag === tag && entry.revision === revision);
}

/** The one question whose answer no object can tell: what does a pod get that asks for the tag? */
async function requireSidecar(
  kube: KubeClient,
  { run, tag, expected, signal }: { run: RunRef; tag: string; expected: string; signal: AbortSignal },
): Promise<void> {
  const obstacle = await untilHolds(
    async () => {
      try {
        const proxy = await probeInjection(kube, tag, signal);
        if (proxy === expected) return null;
        return proxy === null ? 'no sidecar' : `proxy ${proxy}`;
      } catch (error) {
        return `a refusal: ${(error as Error).message}`;
      }
    },
    { timeoutSeconds: SETTLE_SECONDS, signal },
  );
  if (obstacle === null) return;
  const message = `A pod of cluster ${run.cluster} that asks for tag ${tag} gets ${obstacle} and not proxy ${expected}.`;
  throw failure('TagNotMoved', message);
}

/**
 * Brings tags back to what the snapshot says, before anything is moved back: webhooks first, so that there is no instant in
 * which nobody injects, then the Services and validators that belong to them; what the run has added goes last.
 * @throws TagNotMoved when a pod that asks for one does not get the old sidecar again
 */
export async function restoreTags({ context, run, route, signal }: Step, before: Snapshot): Promise<void> {
  const { kube } = context.access(run.cluster);
  const recorded = before.objects.filter((entry) => isOfTags(entry, route)).sort(webhooksFirst);
  for (const entry of recorded) await restoreObject(context, run, entry);
  const known = new Set(recorded.map(keyOf));
  const added = (await observe(kube, run)).objects.filter(
    (entry) => recordedLabels(entry)[TAG_LABEL] !== undefined && !known.has(keyOf(entry)),
  );
  for (const entry of added.filter((each) => recordedLabels(each)[REVISION_LABEL] === route.to.revision)) {
    await removeObject(context, run, entry);
  }
  for (const tag of tagsToProbe(recorded, route)) {
    await requireSidecar(kube, { run, tag, expected: route.from.sidecar.proxyTag, signal });
  }
}

/** What a tag consists of; and the webhook of a control plane without a revision, which the default tag puts to sleep. */
function isOfTags(entry: RecordedObject, { from }: Route): boolean {
  if (recordedLabels(entry)[TAG_LABEL] !== undefined) return true;
  const isPlain = from.revision === DEFAULT_REVISION && recordedLabels(entry)[REVISION_LABEL] === DEFAULT_REVISION;
  return entry.name === DEFAULT_VALIDATOR || (isPlain && pluralOf(entry).endsWith('webhookconfigurations'));
}

function tagsToProbe(recorded: readonly RecordedObject[], { from }: Route): string[] {
  const injecting = recorded.filter((entry) => pluralOf(entry) === WEBHOOKS.plural);
  const tags = injecting
    .filter((entry) => recordedLabels(entry)[REVISION_LABEL] === from.revision)
    .map((entry) => recordedLabels(entry)[TAG_LABEL] ?? DEFAULT_TAG);
  return [...new Set(tags)];
}

function webhooksFirst(a: RecordedObject, b: RecordedObject): number {
  const rank = (entry: RecordedObject) => (pluralOf(entry) === WEBHOOKS.plural ? 0 : 1);
  return rank(a) - rank(b);
}
