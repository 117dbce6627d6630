import type { GitOpsTool } from '../../../domain/gitops.js';
import type { KubeObject } from '../../kube/types.js';

/** How it is seen that a tool keeps an object. */
export interface GitOpsOwner {
  readonly tool: GitOpsTool;
  /** The Application, Kustomization or HelmRelease, where the object names it. */
  readonly by: string | null;
  /** Whether the tool wrote the field that Meshlift changes, or may have written it. */
  readonly writesField: boolean;
}

const MANAGERS: Readonly<Record<string, GitOpsTool>> = {
  'argocd-controller': 'Argo CD',
  'argocd-application-controller': 'Argo CD',
  argocd: 'Argo CD',
  'kustomize-controller': 'Flux',
  'helm-controller': 'Flux',
};

/**
 * Which tool keeps an object, by its labels and by who wrote its fields.
 * @param fields path in `managedFields` of what Meshlift changes, for instance `['f:metadata', 'f:labels', 'f:istio-injection']`
 */
export function gitOpsOwner(object: KubeObject, fields: readonly (readonly string[])[]): GitOpsOwner | null {
  const marked = markOf(object);
  const entries = (object.metadata.managedFields ?? []).flatMap(({ manager = '', fieldsV1 = {} }) => {
    const tool = MANAGERS[manager];
    return tool === undefined ? [] : [{ tool, fieldsV1 }];
  });
  const tool = entries[0]?.tool ?? marked?.tool;
  if (tool === undefined) return null;
  const writes = entries.some(({ fieldsV1 }) => fields.some((path) => holds(fieldsV1, path)));
  // Without an entry of its own the tool writes under another name, kubectl's for instance: then it may be any field.
  return { tool, by: marked?.by ?? null, writesField: writes || entries.length === 0 };
}

function markOf(object: KubeObject): { tool: GitOpsTool; by: string } | null {
  const { labels = {} } = object.metadata;
  const flux = fluxName(labels, 'kustomize') ?? fluxName(labels, 'helm');
  if (flux !== null) return { tool: 'Flux', by: flux };
  const argo = argoName(object);
  return argo === null ? null : { tool: 'Argo CD', by: argo };
}

function argoName({ metadata }: KubeObject): string | null {
  const { labels = {}, annotations = {} } = metadata;
  const tracked = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  const named = labels['argocd.argoproj.io/instance'] ?? tracked;
  if (named !== undefined) return named;
  // Argo CD's default label is one that charts write, too: it counts only beside Argo CD's own entry.
  const written = (metadata.managedFields ?? []).some(({ manager = '' }) => MANAGERS[manager] === 'Argo CD');
  return written ? (labels['app.kubernetes.io/instance'] ?? null) : null;
}

function fluxName(labels: Readonly<Record<string, string>>, toolkit: 'kustomize' | 'helm'): string | null {
  const name = labels[`${toolkit}.toolkit.fluxcd.io/name`];
  return name === undefined ? null : `${labels[`${toolkit}.toolkit.fluxcd.io/namespace`] ?? ''}/${name}`;
}

/** Whether a tree of `fieldsV1` holds a path; an entry for the branch above the last step is not enough. */
function holds(tree: Readonly<Record<string, unknown>>, path: readonly string[]): boolean {
  let at: unknown = tree;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !(step in at)) return false;
    at = (at as Record<string, unknown>)[step];
  }
  return true;
}
