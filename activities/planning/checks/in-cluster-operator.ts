import { imageTag } from '../../../domain/pod.js';
import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, Found } from '../check.js';

/** Names that the operator of istioctl and those of vendors run under. */
const OPERATORS = ['istio-operator', 'istio-operator-controller', 'sail-operator', 'servicemesh-operator'];

/** An operator reconciles what istioctl installs back to its own IstioOperator (pitfalls 4b). */
export const inClusterOperator: Check = {
  id: 'MESH036',
  look: async ({ reader }) => {
    const deployments = await reader.list('apps/v1', 'deployments');
    const resources = await reader.list('install.istio.io/v1alpha1', 'istiooperators');
    const reconciled = resources.filter((object) => (object['status'] as object | undefined) !== undefined);
    return deployments.filter(isOperator).map((deployment): Found => {
      const { namespace = '', name } = deployment.metadata;
      const image = asWorkload(deployment).spec.template.spec.containers[0]?.image ?? '';
      const what = reconciled.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).join(', ');
      return {
        reason: 'WouldBeReverted',
        message: `Deployment ${namespace}/${name} (${imageTag(image)}) reconciles the mesh${what === '' ? '' : ` from IstioOperator ${what}`}: it would undo what the run installs.`,
        remedy:
          'Scale it to nothing for the time of the upgrade; let it go afterwards, or give it the new configuration.',
        command: `kubectl -n ${namespace} scale deployment/${name} --replicas=0`,
      };
    });
  },
};

function isOperator(deployment: KubeObject): boolean {
  const { replicas = 1 } = deployment['spec'] as { replicas?: number };
  const name = deployment.metadata.labels?.['name'] ?? deployment.metadata.name;
  return replicas > 0 && (OPERATORS.includes(name) || OPERATORS.includes(deployment.metadata.name));
}
