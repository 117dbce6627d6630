import { named } from '../../../domain/named.js';
import { REVISION_LABEL } from '../../../domain/names.js';
import { isInPlace } from '../../../domain/plan.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check } from '../check.js';
import { isIstiosOwn } from './pinned-filters.js';

const GROUPS = ['networking.istio.io', 'security.istio.io', 'config.istio.io'];

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

/** istiod skips configuration that is labelled for another revision; the new one would not see it (pitfalls 4b). */
export const labelledConfiguration: Check = {
  id: 'MESH044',
  look: async ({ reader, plan, release, cluster }) => {
    // In place the new control plane reads them as well.
    if (isInPlace(plan.route)) return [];
    const crds = await reader.list('apiextensions.k8s.io/v1', 'customresourcedefinitions');
    const perKind = await Promise.all(
      crds.map(async (object) => {
        const { group, names, versions } = (object as unknown as Crd).spec;
        const version = versions.find(({ served }) => served)?.name;
        if (!GROUPS.includes(group) || version === undefined) return [];
        const objects = await reader.list(`${group}/${version}`, names.plural);
        return objects
          .filter((entry) => isBound(entry, plan.route?.from.revision))
          .map((entry) => nameOf(names.kind, entry));
      }),
    );
    const bound = perKind.flat();
    if (bound.length === 0) return [];
    return [
      {
        reason: 'WouldNotApply',
        message: `${bound.length} objects of cluster ${cluster.id} are labelled ${REVISION_LABEL}=${plan.route?.from.revision ?? ''}: revision ${release.revision} would not read ${named(bound)}.`,
        remedy: 'Remove the label, so that both control planes read them, or make a second one for the new revision.',
        command: bound.map((name) => `kubectl label ${labelArguments(name)} ${REVISION_LABEL}-`).join('\n'),
      },
    ];
  },
};

function isBound(object: KubeObject, revision = ''): boolean {
  return object.metadata.labels?.[REVISION_LABEL] === revision && !isIstiosOwn(object);
}

function nameOf(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** `VirtualService shop/web` as kubectl takes it. */
function labelArguments(name: string): string {
  const [kind = '', place = ''] = name.split(' ');
  const [namespace = '', object = ''] = place.split('/');
  return `-n ${namespace} ${kind.toLowerCase()} ${object}`;
}
