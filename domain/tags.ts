import { DEFAULT_REVISION, DEFAULT_TAG } from './names.js';
import type { ControlPlane, NamespaceInjection, RevisionTag } from './plan.js';

/** How a namespace of current Istio asks for sidecars. */
export type Ask =
  | { readonly by: 'revision'; readonly revision: string }
  | { readonly by: 'tag'; readonly tag: string }
  /** It has no label; its pods ask one by one, and follow the default tag. */
  | { readonly by: 'pods' };

/** What tells the tags of a mesh. */
interface Tagged {
  readonly tags?: readonly RevisionTag[];
  readonly controlPlanes: readonly Pick<ControlPlane, 'revision'>[];
}

/** What tells how a namespace asks. */
type Asking = Pick<NamespaceInjection, 'injection' | 'revision' | 'podsByRevision'>;

/**
 * The tags of a mesh. A control plane that was installed without a revision serves `istio-injection=enabled` by itself:
 * it counts as the default tag, because that is what takes its place.
 */
export function tagsOf({ tags = [], controlPlanes }: Tagged): RevisionTag[] {
  const hasDefault = tags.some(({ tag }) => tag === DEFAULT_TAG);
  const isPlain = controlPlanes.some(({ revision }) => revision === DEFAULT_REVISION);
  return [...tags, ...(!hasDefault && isPlain ? [{ tag: DEFAULT_TAG, revision: DEFAULT_REVISION }] : [])];
}

/** What a namespace asks for, by its labels: `istio-injection` wins over `istio.io/rev`. Null when it asks for nothing. */
export function askOf({ injection, revision, podsByRevision }: Asking, tags: readonly RevisionTag[]): Ask | null {
  if (injection !== null) return injection === 'enabled' ? { by: 'tag', tag: DEFAULT_TAG } : null;
  if (revision === null) return podsByRevision === undefined ? null : { by: 'pods' };
  return tags.some(({ tag }) => tag === revision) ? { by: 'tag', tag: revision } : { by: 'revision', revision };
}

/** The tag that decides over an ask; null where the revision itself is named. */
export function tagBehind(ask: Ask): string | null {
  switch (ask.by) {
    case 'tag':
      return ask.tag;
    case 'pods':
      return DEFAULT_TAG;
    case 'revision':
      return null;
    default:
      return ask satisfies never;
  }
}

/** The revision that serves a namespace now; null when none does. */
export function revisionServing(entry: Asking, tags: readonly RevisionTag[]): string | null {
  const ask = askOf(entry, tags);
  if (ask === null) return null;
  if (ask.by === 'revision') return ask.revision;
  return tags.find(({ tag }) => tag === tagBehind(ask))?.revision ?? null;
}
