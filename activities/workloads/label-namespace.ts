import { INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import type { Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { Direction } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeObject } from '../kube/types.js';
import { driverFor } from '../mesh/drivers/index.js';
import { askingFor, injectionLabelsOf, labelCommand, type InjectionLabels } from './injection-labels.js';
import { namespaceResource } from './resources.js';

/** Which namespace is to ask for what. */
export interface LabelInput {
  readonly run: RunRef;
  readonly namespace: string;
  readonly direction: Direction;
  readonly route: Route;
  /** What the namespaces said before the run. */
  readonly before: Snapshot;
}

/**
 * Guide, step 5.1 and step 6: points a namespace at the new control plane, or back at exactly what it said before. One
 * merge patch sets and removes both labels together, so that there is no instant without injection.
 * @throws NamespaceChanged when the labels are neither the recorded ones nor the wanted ones: somebody else is at work
 */
export async function labelNamespace(
  context: ActivityContext,
  { run, namespace, direction, route, before }: LabelInput,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const recorded = recordedLabels(run, namespace, before);
  const named = askingFor(route.to.revision);
  const wanted = direction === 'forward' ? await driverFor(route).move(kube, route, recorded) : recorded;
  const current = labelsOf(await kube.get(namespaceResource(namespace)));
  if (current === null) {
    throw failure('NamespaceChanged', `Namespace ${namespace} of cluster ${run.cluster} does not exist any more.`);
  }
  // What an operator following the guide by hand may have left: the old revision by its own name.
  const known = [recorded, named, askingFor(route.from.revision)];
  if (!known.some((labels) => equal(labels, current))) throw changed(run, namespace, current);

  await recordOperation(
    context.journal,
    run,
    { id: `label/${namespace}/${direction}`, argv: labelCommand(namespace, wanted), mutating: true },
    async () => {
      if (equal(current, wanted)) return { outcome: 'unchanged', value: undefined };
      const answer = await kube.mergePatch(namespaceResource(namespace), { metadata: { labels: wanted } });
      const now = labelsOf(answer);
      if (now === null || !equal(now, wanted)) throw changed(run, namespace, now ?? current);
      return { outcome: 'succeeded', value: undefined };
    },
  );
}

function recordedLabels(run: RunRef, namespace: string, { namespaces }: Snapshot): InjectionLabels {
  const labels = namespaces[namespace];
  if (labels === undefined) {
    throw failure('NamespaceChanged', `Namespace ${namespace} of cluster ${run.cluster} was made after the run began.`);
  }
  return injectionLabelsOf(labels);
}

function labelsOf(namespace: KubeObject | null): InjectionLabels | null {
  return namespace === null ? null : injectionLabelsOf(namespace.metadata.labels ?? {});
}

function equal(a: InjectionLabels, b: InjectionLabels): boolean {
  return a[INJECTION_LABEL] === b[INJECTION_LABEL] && a[REVISION_LABEL] === b[REVISION_LABEL];
}

function changed(run: RunRef, namespace: string, current: InjectionLabels) {
  const found = Object.entries(current).map(([label, value]) => `${label}=${String(value ?? '(absent)')}`);
  const message = `Namespace ${namespace} of cluster ${run.cluster} carries ${found.join(' and ')}, which this run did not write.`;
  return failure('NamespaceChanged', message);
}
