import { groupBy } from '../../../domain/group-by.js';
import { named } from '../../../domain/named.js';
import { ISTIO_NAMESPACE } from '../../../domain/names.js';
import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';
import { injectionWish } from '../injection-wish.js';
import { meshed, placeOf, workloadsIn } from '../meshed-pods.js';

/**
 * A namespace that refuses sidecars is never relabelled (pitfalls 4c); what has one all the same stays behind. Not so in
 * istio-system, which istioctl labels itself: proxies there are upgraded with the control plane.
 */
export const disabledNamespaces: Check = {
  id: 'MESH070',
  look: async (input) => {
    const disabled = new Set(
      input.mesh.namespaces
        .filter(({ namespace, injection }) => injection === 'disabled' && namespace !== ISTIO_NAMESPACE)
        .map(({ namespace }) => namespace),
    );
    return [...(await withSidecars(input, disabled)), ...(await askingInVain(input, disabled))];
  },
};

async function withSidecars({ reader }: CheckInput, disabled: ReadonlySet<string>): Promise<Found[]> {
  const pods = meshed(await reader.list('v1', 'pods')).filter(({ object }) =>
    disabled.has(object.metadata.namespace ?? ''),
  );
  return [...groupBy(pods, ({ object }) => object.metadata.namespace ?? '')].map(([namespace, members]) => ({
    reason: 'OldRevisionInUse',
    message: `Namespace ${namespace} refuses sidecars (istio-injection=disabled), but some of its pods have one: ${named(members.map(({ object }) => placeOf(object)))}. This run does not move them.`,
    remedy: 'Restart them to lose it, or label the namespace: the old control plane stays as long as they run.',
  }));
}

async function askingInVain({ reader }: CheckInput, disabled: ReadonlySet<string>): Promise<Found[]> {
  const workloads = await workloadsIn(reader, (namespace) => disabled.has(namespace));
  return workloads
    .filter(({ object }) => injectionWish(asWorkload(object).spec.template).annotation === true)
    .map(({ ref }) => ({
      severity: 'info',
      reason: 'NotInjected',
      message: `${workloadName(ref)} asks for a sidecar, but its namespace refuses them (istio-injection=disabled), and the namespace wins.`,
      remedy: 'Nothing needs to be done: it has none and gets none.',
    }));
}
