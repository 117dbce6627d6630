import { holdsTag } from './gateways.js';
import type { DetectedMesh, TagMove, Wave } from './plan.js';
import { askOf, tagBehind, tagsOf } from './tags.js';

/**
 * When each tag of the old revision is pointed at the new one: at the beginning of the wave that holds its last namespace, or
 * its last gateway. Until then the namespaces of earlier waves ask for the new revision by its own name, so that a canary is one.
 */
export function planTags(
  mesh: Pick<DetectedMesh, 'tags' | 'controlPlanes' | 'namespaces'>,
  from: string,
  waves: readonly Wave[],
): TagMove[] {
  const tags = tagsOf(mesh);
  return tags
    .filter(({ revision }) => revision === from)
    .map(({ tag }) => {
      const namespaces = mesh.namespaces
        .filter((entry) => {
          const ask = askOf(entry, tags);
          return ask !== null && tagBehind(ask) === tag;
        })
        .map(({ namespace }) => namespace);
      const holding = (wave: Wave) => (wave.gateways ?? []).filter((each) => holdsTag(each, tag, mesh, { tags, from }));
      const last = waves.findLast(
        (wave) => wave.namespaces.some((name) => namespaces.includes(name)) || holding(wave).length > 0,
      );
      const gateways = waves
        .flatMap(holding)
        .filter(({ kind }) => kind === 'injected')
        .map(({ deployment }) => deployment);
      return { tag, wave: last?.name ?? 'finalize', namespaces, ...(gateways.length > 0 && { gateways }) };
    });
}
