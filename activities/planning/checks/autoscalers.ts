import type { Check } from '../check.js';
import { placeOf } from '../meshed-pods.js';

interface Autoscaler {
  readonly spec: {
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
  };
  readonly status?: { readonly currentReplicas?: number };
}

/** At its maximum a workload has no reserve for the pods that a restart takes away. */
export const autoscalers: Check = {
  id: 'MESH084',
  look: async ({ reader }) => {
    const objects = await reader.planned('autoscaling/v1', 'horizontalpodautoscalers');
    return objects.flatMap((object) => {
      const { spec, status } = object as unknown as Autoscaler;
      const { minReplicas = 1, maxReplicas, scaleTargetRef } = spec;
      const current = status?.currentReplicas ?? 0;
      // Where both ends are the same nothing was meant to scale.
      if (minReplicas === maxReplicas || current < maxReplicas) return [];
      return [
        {
          reason: 'AutoscalerAtMaximum',
          message: `HorizontalPodAutoscaler ${placeOf(object)} is at its maximum of ${maxReplicas} replicas: ${scaleTargetRef.kind} ${scaleTargetRef.name} cannot grow while it restarts.`,
          remedy: 'Raise its maximum for the time of the upgrade, or choose a quieter time.',
          command: `kubectl -n ${object.metadata.namespace ?? ''} patch hpa ${object.metadata.name} --type merge -p '{"spec":{"maxReplicas":${maxReplicas + 1}}}'`,
        },
      ];
    });
  },
};
