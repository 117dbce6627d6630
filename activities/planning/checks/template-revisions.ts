import { placeOf } from '../../../domain/gateways.js';
import { gatewayKindOf } from '../../../domain/injection.js';
import { REVISION_LABEL } from '../../../domain/names.js';
import { isInPlace } from '../../../domain/plan.js';
import { workloadName, type WorkloadRef } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';

/**
 * The injector writes the revision as a label on the pod, but keeps one that is there: seen with 1.6. Then a pod on the new
 * control plane says that it is on another one. An annotation of that name does nothing. With current Istio the label is what the
 * pod asks for: the name of the old revision brings it back there, a tag is followed once the run has moved it.
 */
export const templateRevisions: Check = {
  id: 'MESH073',
  look: async (input) => (input.release.driver === 'istio-revisioned' ? asking(input) : marking(input)),
};

async function marking({ reader, release }: CheckInput): Promise<Found[]> {
  const workloads = await reader.workloads();
  return workloads.flatMap(({ ref, object }): Found[] => {
    const { labels, annotations } = asWorkload(object).spec.template.metadata ?? {};
    const label = labels?.[REVISION_LABEL] ?? '';
    if (label !== '' && label !== release.revision) return [pinned(ref, label)];
    return annotations?.[REVISION_LABEL] === undefined ? [] : [idle(ref)];
  });
}

/** Also gateways of namespaces that ask for nothing themselves. */
async function asking({ reader, mesh, plan }: CheckInput): Promise<Found[]> {
  const old = plan.route?.from.revision;
  // In place that name leads to the new control plane.
  if (old === undefined || isInPlace(plan.route)) return [];
  const workloads = (await reader.workloads())
    .filter(({ object }) => asWorkload(object).spec.template.metadata?.labels?.[REVISION_LABEL] === old)
    .filter(({ object }) => gatewayKindOf(asWorkload(object).spec.template) === null)
    .map(({ ref }) => ref);
  const gateways = (mesh.gatewayDeployments ?? [])
    .filter(({ kind, revision }) => kind === 'injected' && revision === old)
    .map((gateway) => ({ kind: 'Deployment' as const, ...placeOf(gateway) }));
  return [...workloads, ...gateways].map((ref) => asksForOld(ref, old));
}

function pinned(ref: WorkloadRef, label: string): Found {
  const patch = JSON.stringify({ spec: { template: { metadata: { labels: { [REVISION_LABEL]: null } } } } });
  return {
    reason: 'SidecarWrong',
    message: `${workloadName(ref)} names revision ${label} in its pod template, and the injector does not overwrite that: its pods would never be seen on the new control plane.`,
    remedy: 'Remove the label istio.io/rev from the template (that restarts its pods), or exclude its namespace.',
    command: `kubectl -n ${ref.namespace} patch ${ref.kind.toLowerCase()} ${ref.name} --type merge -p '${patch}'`,
  };
}

function asksForOld(ref: WorkloadRef, revision: string): Found {
  return {
    ...pinned(ref, revision),
    message: `${workloadName(ref)} asks for revision ${revision} in its pod template, whatever its namespace says: its pods would come back on the old one.`,
    remedy: 'Remove the label istio.io/rev from the template (that restarts its pods), or have it name a tag.',
  };
}

function idle(ref: WorkloadRef): Found {
  return {
    severity: 'info',
    reason: 'NotInjected',
    message: `${workloadName(ref)} has an annotation istio.io/rev in its pod template, which has no effect.`,
    remedy: 'Nothing needs to be done: the label of the namespace decides.',
  };
}
