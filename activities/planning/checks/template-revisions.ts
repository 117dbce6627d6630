import { REVISION_LABEL } from '../../../domain/names.js';
import { workloadName, type WorkloadRef } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, Found } from '../check.js';

/**
 * The injector writes the revision as a label on the pod, but keeps one that is there: seen with 1.6. Then a pod on the new
 * control plane says that it is on another one. An annotation of that name does nothing.
 */
export const templateRevisions: Check = {
  id: 'MESH073',
  look: async ({ reader, release }) => {
    const workloads = await reader.workloads();
    return workloads.flatMap(({ ref, object }): Found[] => {
      const { labels, annotations } = asWorkload(object).spec.template.metadata ?? {};
      const label = labels?.[REVISION_LABEL] ?? '';
      if (label !== '' && label !== release.revision) return [pinned(ref, label)];
      return annotations?.[REVISION_LABEL] === undefined ? [] : [idle(ref)];
    });
  },
};

function pinned(ref: WorkloadRef, label: string): Found {
  const patch = JSON.stringify({ spec: { template: { metadata: { labels: { [REVISION_LABEL]: null } } } } });
  return {
    reason: 'SidecarWrong',
    message: `${workloadName(ref)} names revision ${label} in its pod template, and the injector does not overwrite that: its pods would never be seen on the new control plane.`,
    remedy: 'Remove the label istio.io/rev from the template (that restarts its pods), or exclude its namespace.',
    command: `kubectl -n ${ref.namespace} patch ${ref.kind.toLowerCase()} ${ref.name} --type merge -p '${patch}'`,
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
