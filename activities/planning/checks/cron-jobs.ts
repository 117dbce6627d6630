import { named } from '../../../domain/named.js';
import type { Pod } from '../../../domain/pod.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';
import { injectionWish } from '../injection-wish.js';
import { placeOf } from '../meshed-pods.js';

/** What a schedule starts next gets the sidecar of its namespace by itself. */
export const cronJobs: Check = {
  id: 'MESH076',
  look: async ({ reader }) => {
    // Kubernetes before 1.21 has the beta only, and 1.25 has it no more; in between both show the same objects.
    const lists = await Promise.all(['batch/v1', 'batch/v1beta1'].map((api) => reader.planned(api, 'cronjobs')));
    const names = new Set(lists.flat().filter(getsSidecar).map(placeOf));
    if (names.size === 0) return [];
    return [
      {
        reason: 'NextRun',
        message: `These CronJobs get the new sidecar with their next run: ${named([...names])}.`,
        remedy: 'Nothing needs to be done; a run that is under way is let finish.',
      },
    ];
  },
};

interface CronJobSpec {
  readonly suspend?: boolean;
  readonly jobTemplate: { readonly spec: { readonly template: Pick<Pod, 'spec'> & { readonly metadata?: object } } };
}

function getsSidecar(object: KubeObject): boolean {
  const { suspend, jobTemplate } = object['spec'] as CronJobSpec;
  const { template } = jobTemplate.spec;
  return suspend !== true && template.spec.hostNetwork !== true && injectionWish(template).annotation !== false;
}
