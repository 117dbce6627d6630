import { gatewayKindOf } from '../../../domain/injection.js';
import { workloadName, type WorkloadRef } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, Found } from '../check.js';

const PROXY_IMAGE = 'sidecar.istio.io/proxyImage';

/**
 * A template that names its proxy image gets the same one again. A sidecar written into the template by hand is another
 * thing: where the namespace has a label, the webhook of 1.6 puts its own in its place (seen in the sandbox).
 */
export const pinnedProxy: Check = {
  id: 'MESH022',
  look: async ({ reader, release }) => {
    const workloads = await reader.workloads();
    return workloads.flatMap(({ ref, object }): Found[] => {
      const { template } = asWorkload(object).spec;
      // A gateway is nothing but a proxy, and moves in its own way.
      if (release.driver === 'istio-revisioned' && gatewayKindOf(template) !== null) return [];
      const image = template.metadata?.annotations?.[PROXY_IMAGE];
      if (image !== undefined) return [pinned(ref, image)];
      return template.spec.containers.some(({ name }) => name === 'istio-proxy') ? [byHand(ref)] : [];
    });
  },
};

function pinned(ref: WorkloadRef, image: string): Found {
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations: { [PROXY_IMAGE]: null } } } } });
  return {
    reason: 'SidecarWrong',
    message: `${workloadName(ref)} pins its proxy to ${image}: a restart would not change it.`,
    remedy: `Remove the annotation ${PROXY_IMAGE} from its template (that restarts its pods), or exclude its namespace.`,
    command: `kubectl -n ${ref.namespace} patch ${ref.kind.toLowerCase()} ${ref.name} --type merge -p '${patch}'`,
  };
}

function byHand(ref: WorkloadRef): Found {
  return {
    severity: 'warning',
    reason: 'InjectedByHand',
    message: `${workloadName(ref)} has a sidecar written into its pod template: the webhook puts the new one in its place at the restart, and the template keeps the old text.`,
    remedy: 'Take the injected parts out of the template, so that nobody applies them where there is no webhook.',
  };
}
