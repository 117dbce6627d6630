import { named } from '../../../domain/named.js';
import type { Check } from '../check.js';

interface Crd {
  readonly spec: { readonly version?: string; readonly versions?: readonly { readonly name: string }[] };
  readonly status?: { readonly storedVersions?: readonly string[] };
}

/** Objects that are stored in a version which the new CRD drops can never be read again (pitfalls 4b). */
export const storedVersions: Check = {
  id: 'MESH041',
  look: async ({ reader, target, release, cluster }) => {
    const [existing, { given }] = await Promise.all([
      reader.list('apiextensions.k8s.io/v1', 'customresourcedefinitions'),
      target.manifests(),
    ]);
    const offered = new Map(
      given
        .filter(({ kind }) => kind === 'CustomResourceDefinition')
        .map((crd) => [crd.metadata.name, versionsOf(crd as unknown as Crd)]),
    );
    const dropped = existing.flatMap((object) => {
      const versions = offered.get(object.metadata.name);
      const { storedVersions: stored = [] } = (object as unknown as Crd).status ?? {};
      return versions === undefined
        ? []
        : stored
            .filter((version) => !versions.includes(version))
            .map((version) => `${object.metadata.name} ${version}`);
    });
    if (dropped.length === 0) return [];
    return [
      {
        reason: 'StoredVersionDropped',
        message: `CRDs of cluster ${cluster.id} have stored objects in versions that ${release.version} does not have: ${named(dropped)}.`,
        remedy:
          'Write those objects anew in a version that both have, then take the old one out of status.storedVersions.',
        command: dropped
          .map((name) => `kubectl get ${name.split(' ')[0] ?? ''} -A -o json | kubectl replace -f -`)
          .join('\n'),
      },
    ];
  },
};

function versionsOf({ spec }: Crd): string[] {
  return [...(spec.versions ?? []).map(({ name }) => name), ...(spec.version === undefined ? [] : [spec.version])];
}
