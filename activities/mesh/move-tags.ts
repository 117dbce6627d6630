import { INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { injectionLabelsOf, labelCommand } from '../workloads/injection-labels.js';
import { namespaceResource } from '../workloads/resources.js';
import { pointTag, restoreTags } from './tags.js';

/**
 * Moves revision tags (pitfalls 4d): first the tag, then the labels of the namespaces that asked for the new revision by name
 * while it was not moved yet. They say again what their owners wrote; no pod is touched by it.
 */
export function createMoveTags(context: ActivityContext): Activities['moveTags'] {
  return ({ run, route, tags }) =>
    heartbeating(async (signal) => {
      const before = await readSnapshot(context.dataDir, run);
      for (const { tag, namespaces } of tags) {
        await pointTag({ context, run, route, signal }, tag);
        for (const namespace of namespaces) {
          await giveLabelsBack(context, run, {
            namespace,
            named: route.to.revision,
            labels: before.namespaces[namespace],
          });
        }
      }
    });
}

/** Brings tags back to what the snapshot says. */
export function createRestoreTags(context: ActivityContext): Activities['restoreTags'] {
  return ({ run, route }) =>
    heartbeating(async (signal) => {
      await restoreTags({ context, run, route, signal }, await readSnapshot(context.dataDir, run));
    });
}

interface Canary {
  readonly namespace: string;
  /** The revision that the run had it ask for by name. */
  readonly named: string;
  /** Its labels before the run. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/** Only what this run has written is taken back: a namespace that carries anything else is somebody's. */
async function giveLabelsBack(context: ActivityContext, run: RunRef, canary: Canary): Promise<void> {
  const { namespace, named, labels = {} } = canary;
  const { kube } = context.access(run.cluster);
  const current = injectionLabelsOf((await kube.get(namespaceResource(namespace)))?.metadata.labels ?? {});
  const wanted = injectionLabelsOf(labels);
  const isCanary = current[REVISION_LABEL] === named && current[INJECTION_LABEL] === null;
  if (!isCanary || wanted[REVISION_LABEL] === named || Object.values(wanted).every((value) => value === null)) return;
  const argv = labelCommand(namespace, wanted);
  await recordOperation(context.journal, run, { id: `label/${namespace}/by-tag`, argv, mutating: true }, async () => {
    await kube.mergePatch(namespaceResource(namespace), { metadata: { labels: wanted } });
    return { outcome: 'succeeded', value: undefined };
  });
}
