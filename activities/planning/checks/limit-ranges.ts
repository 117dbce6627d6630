import { quantity } from '../../../domain/quantity.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';
import { meshedPods, placeOf } from '../meshed-pods.js';
import { sidecarResources, type Resources } from '../sidecar-resources.js';

type Bounds = Readonly<Record<string, string>>;
interface Limit {
  readonly type: string;
  readonly max?: Bounds;
  readonly min?: Bounds;
  readonly maxLimitRequestRatio?: Bounds;
}

/** A LimitRange refuses a pod when it is created: one that is younger than the pods breaks their restart. */
export const limitRanges: Check = {
  id: 'MESH086',
  look: async (input) => {
    const objects = await input.reader.planned('v1', 'limitranges');
    if (objects.length === 0) return [];
    const sidecar = await sidecarResources(input);
    const meshed = new Set((await meshedPods(input.reader)).map(({ object }) => object.metadata.namespace));
    return objects
      .filter(({ metadata }) => meshed.has(metadata.namespace))
      .flatMap((object) => {
        const broken = limitsOf(object).flatMap((limit) => whatBreaks(limit, sidecar));
        if (broken.length === 0) return [];
        return [
          {
            reason: 'LimitRangeTooNarrow',
            message: `LimitRange ${placeOf(object)} refuses the sidecar: ${broken.join(', ')}. No pod with a sidecar can be created there.`,
            remedy: 'Widen it for the sidecar, or give the sidecars of that namespace other resources.',
          },
        ];
      });
  },
};

function limitsOf(object: KubeObject): readonly Limit[] {
  return ((object['spec'] ?? {}) as { limits?: readonly Limit[] }).limits ?? [];
}

/** Of a whole pod only the maximum is looked at: its other containers can only add to the sidecar. */
function whatBreaks({ type, max = {}, min = {}, maxLimitRequestRatio = {} }: Limit, sidecar: Resources): string[] {
  if (type !== 'Container' && type !== 'Pod') return [];
  return (['cpu', 'memory'] as const).flatMap((key) => {
    const [request, limit] = [sidecar.requests[key], sidecar.limits[key]];
    const most = max[key];
    const least = min[key];
    const ratio = maxLimitRequestRatio[key];
    const ofContainer = type === 'Container';
    return [
      ...(most !== undefined && Math.max(limit, request) > quantity(most) ? [`${key} above ${most}`] : []),
      ...(ofContainer && least !== undefined && request < quantity(least) ? [`${key} below ${least}`] : []),
      ...(ofContainer && ratio !== undefined && limit > request * quantity(ratio)
        ? [`${key} limit above ${ratio} times its request`]
        : []),
    ];
  });
}
