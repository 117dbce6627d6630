import { groupBy } from '../../../domain/group-by.js';
import { placeOf as inNamespace } from '../../../domain/gateways.js';
import { gatewayKindOf } from '../../../domain/injection.js';
import { named } from '../../../domain/named.js';
import { DEFAULT_REVISION, ISTIO_NAMESPACE, REVISION_LABEL } from '../../../domain/names.js';
import { driverOf, type Route } from '../../../domain/plan.js';
import { runsSidecarOf, type Pod } from '../../../domain/pod.js';
import type { Check, CheckInput } from '../check.js';
import { meshed, placeOf, type MeshedPod } from '../meshed-pods.js';

/** What stays outside of the run keeps the old control plane in use, so the run would wait at its very end. */
export const straySidecars: Check = {
  id: 'MESH071',
  look: async (input) => {
    const pods = meshed(await input.reader.list('v1', 'pods')).filter((pod) => isLeftBehind(pod, input));
    return [...groupBy(pods, ({ object }) => object.metadata.namespace ?? '')].map(([namespace, members]) => ({
      reason: 'OldRevisionInUse',
      message: `Namespace ${namespace} ${whyNot(namespace, input)}, but pods in it use the old control plane: ${named(members.map(({ object }) => placeOf(object)))}.`,
      remedy:
        'Take the namespace into the run, or replace these pods yourself: the old control plane is removed only when nothing uses it.',
    }));
  },
};

/** Gateways of istio-system are upgraded in place; namespaces that refuse sidecars have a check of their own. */
function isLeftBehind(meshedPod: MeshedPod, input: CheckInput): boolean {
  const { plan, mesh } = input;
  const namespace = meshedPod.object.metadata.namespace ?? '';
  const isPlanned = plan.waves.some(({ namespaces }) => namespaces.includes(namespace));
  if (plan.route === null || isPlanned || namespace === ISTIO_NAMESPACE) return false;
  if (mesh.namespaces.some((entry) => entry.namespace === namespace && entry.injection === 'disabled')) return false;
  return isServedByOld(meshedPod, plan.route, input);
}

/** Whether the old control plane, as against any other that is there, serves a pod. */
function isServedByOld({ object, pod }: MeshedPod, route: Route, input: CheckInput): boolean {
  if (driverOf(route) === 'istio-revisioned')
    return !isGatewayOfPlan(pod, input) && runsSidecarOf(pod, route.from.sidecar, route.to.sidecar);
  // A sidecar that was written by hand carries the label without a value.
  const label = object.metadata.labels?.[REVISION_LABEL] ?? '';
  const revision = label === '' ? DEFAULT_REVISION : label;
  const others = input.mesh.controlPlanes.filter((entry) => entry.revision !== route.from.revision);
  return !others.some((entry) => entry.revision === revision);
}

/** A gateway may stand in a namespace that asks for nothing: it moves by itself. */
function isGatewayOfPlan(pod: Pod, { plan }: CheckInput): boolean {
  const namespace = pod.metadata.namespace ?? '';
  const moved = plan.waves.flatMap(({ gateways = [] }) => gateways).map((gateway) => inNamespace(gateway).namespace);
  return gatewayKindOf(pod) !== null && moved.includes(namespace);
}

function whyNot(namespace: string, { plan }: CheckInput): string {
  return plan.options.exclude.includes(namespace) ? 'is excluded' : 'does not get its sidecars by its labels';
}
