import { named } from '../../../domain/named.js';
import { workloadName } from '../../../domain/workload.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';
import { injectionWish } from '../injection-wish.js';
import { holderOf, meshedPods, workloadsIn } from '../meshed-pods.js';

/** Injection asked for or refused by the pods themselves, where it does not have the effect that it seems to have. */
export const injectionWishes: Check = {
  id: 'MESH072',
  look: async (input) => [...(await unheardRefusals(input)), ...(await unheardWishes(input))],
};

/** Seen with the injector of 1.6: it reads the annotation only, and gives such a pod its sidecar. */
async function unheardRefusals({ reader }: CheckInput): Promise<Found[]> {
  const pods = (await meshedPods(reader)).filter(({ pod }) => {
    const { annotation, label } = injectionWish(pod);
    return annotation === undefined && label === false;
  });
  return [...new Set(pods.map(({ object }) => holderOf(object)))].map((name) => ({
    reason: 'SidecarWrong',
    message: `${name} refuses a sidecar by the label sidecar.istio.io/inject, which this release does not read: its pods have one, and keep it.`,
    remedy: 'Write it as an annotation of the pod template, or remove the label.',
  }));
}

async function unheardWishes({ mesh, reader }: CheckInput): Promise<Found[]> {
  const unlabelled = new Set(
    mesh.namespaces
      .filter(({ injection, revision }) => injection === null && revision === null)
      .map(({ namespace }) => namespace),
  );
  const workloads = (await workloadsIn(reader, (namespace) => unlabelled.has(namespace))).filter(({ object }) => {
    const { annotation, label } = injectionWish(asWorkload(object).spec.template);
    return (annotation ?? label) === true;
  });
  if (workloads.length === 0) return [];
  return [
    {
      severity: 'info',
      reason: 'NotInjected',
      message: `These ask for a sidecar in a namespace without a label: ${named(workloads.map(({ ref }) => workloadName(ref)))}. This run leaves them as they are.`,
      remedy: 'Label the namespace if it belongs to the mesh.',
    },
  ];
}
