import { requestsOf, resourcesText, type RequestingPod } from '../../../domain/pod-requests.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check, CheckInput } from '../check.js';
import { roomOnNodes, roomText, withoutPlace } from './capacity.js';

/** The new istiod runs beside the old one; without room its pods stay Pending (pitfalls 4b). */
export const istiodRoom: Check = {
  id: 'MESH033',
  look: async ({ reader, plan, mesh, cluster }) => {
    const old = await oldIstiod({ reader, plan, mesh });
    if (old === undefined) return [];
    const { replicas = 1, template } = old['spec'] as { replicas?: number; template: { spec: RequestingPod } };
    const each = requestsOf(template.spec);
    const rooms = await roomOnNodes(reader);
    const homeless = withoutPlace(
      Array.from({ length: Math.max(replicas, 1) }, () => each),
      rooms,
    );
    if (homeless.length === 0) return [];
    return [
      {
        reason: 'NoRoom',
        message: `A second istiod asks for ${resourcesText(each)} per pod, as Deployment istio-system/${old.metadata.name} does, and ${homeless.length} of its ${replicas} pods would find no node in cluster ${cluster.id}: ${roomText(rooms)}.`,
        remedy:
          'Add a node, or give the new istiod smaller requests with `--set components.pilot.k8s.resources.requests...`.',
        command: 'kubectl describe nodes',
      },
    ];
  },
};

/** The Deployment of the control plane that the plan moves away from. */
export async function oldIstiod(input: Pick<CheckInput, 'reader' | 'plan' | 'mesh'>): Promise<KubeObject | undefined> {
  const { reader, plan, mesh } = input;
  const name = mesh.controlPlanes.find(({ revision }) => revision === plan.route?.from.revision)?.deployment;
  const deployments = await reader.list('apps/v1', 'deployments');
  return deployments.find(({ metadata }) => metadata.namespace === 'istio-system' && metadata.name === name);
}
