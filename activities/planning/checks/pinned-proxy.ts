import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check } from '../check.js';

/** A template that names its proxy itself gets the same one again. */
export const pinnedProxy: Check = {
  id: 'MESH022',
  look: async ({ reader }) => {
    const workloads = await reader.workloads();
    return workloads
      .filter(({ object }) => {
        const { template } = asWorkload(object).spec;
        const byHand = template.spec.containers.some(({ name }) => name === 'istio-proxy');
        return byHand || template.metadata?.annotations?.['sidecar.istio.io/proxyImage'] !== undefined;
      })
      .map(({ ref }) => ({
        reason: 'SidecarWrong',
        message: `${workloadName(ref)} brings its own proxy image: a restart would not change it.`,
        remedy:
          'Remove the annotation sidecar.istio.io/proxyImage or the injected container from its template, or exclude its namespace.',
      }));
  },
};
