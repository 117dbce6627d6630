import { INJECTION_LABEL, RESTART_ANNOTATION, REVISION_LABEL } from './names.js';

/** A change that somebody else made to what a run depends on. */
export interface OutsideChange {
  /** Names the change: the same one is told once. */
  readonly key: string;
  /** A sentence that names the object and who wrote it. */
  readonly message: string;
  readonly remedy: string;
}

/** Who wrote a change, as far as the API server knows. */
export interface Writer {
  /** Of `metadata.managedFields`; null where a change leaves no name, as the removal of a field does. */
  readonly manager: string | null;
  /** Who else has written the object, the newest one: whom to ask first where nobody is named. */
  readonly other?: string;
  /** Labels and annotations of the object: GitOps tools mark what is theirs. */
  readonly marks: Readonly<Record<string, string>>;
}

type Tool = 'Argo CD' | 'Flux';

const MANAGERS: readonly (readonly [Tool, RegExp])[] = [
  ['Argo CD', /^argocd|^argo-?cd/i],
  ['Flux', /^(kustomize|helm)-controller$|^flux/i],
];
const MARKS: readonly (readonly [Tool, RegExp])[] = [
  ['Argo CD', /^argocd\.argoproj\.io\//],
  ['Flux', /^(kustomize|helm)\.toolkit\.fluxcd\.io\//],
];

/** The GitOps tool that a writer is, or that owns the object it wrote; null for people and everything else. */
export function gitOpsTool({ manager, other = '', marks }: Writer): Tool | null {
  const byName = MANAGERS.find(([, pattern]) => pattern.test(manager ?? other));
  const byMark = MARKS.find(([, pattern]) => Object.keys(marks).some((key) => pattern.test(key)));
  return (byName ?? byMark)?.[0] ?? null;
}

/** The writer as it stands in sentences. */
export function writerName({ manager, other }: Writer): string {
  if (manager !== null) return manager;
  const hint = other === undefined ? '' : `; the last other writer of the object was ${other}`;
  return `an unknown writer (the API server records none${hint})`;
}

/**
 * What keeps a GitOps tool from taking back what the run writes, as lines to paste; none for other writers.
 * It covers both injection labels of namespaces, and the annotation that restarts a workload.
 */
export function ignoreRule(writer: Writer): readonly string[] {
  switch (gitOpsTool(writer)) {
    case 'Argo CD':
      return ARGO_CD_RULE;
    case 'Flux':
      return FLUX_RULE;
    default:
      return [];
  }
}

/** A JSON pointer writes a slash inside a name as `~1`. */
const pointer = (parent: string, name: string) => `${parent}/${name.replaceAll('/', '~1')}`;
const LABELS = [INJECTION_LABEL, REVISION_LABEL].map((label) => pointer('/metadata/labels', label));
const MARK = pointer('/spec/template/metadata/annotations', RESTART_ANNOTATION);
const RESTARTED = ['Deployment', 'StatefulSet', 'DaemonSet'];

const ARGO_CD_RULE: readonly string[] = [
  'Let Argo CD leave these fields alone for as long as the run lasts, in the Application:',
  'spec:',
  '  ignoreDifferences:',
  '    - kind: Namespace',
  `      jsonPointers: [${LABELS.join(', ')}]`,
  ...RESTARTED.flatMap((kind) => [`    - group: apps`, `      kind: ${kind}`, `      jsonPointers: [${MARK}]`]),
  '  syncPolicy:',
  '    syncOptions: [RespectIgnoreDifferences=true]',
];

const FLUX_RULE: readonly string[] = [
  'Let Flux leave these objects alone for as long as the run lasts. Of a Kustomization, mark them in Git:',
  'metadata:',
  '  annotations:',
  '    kustomize.toolkit.fluxcd.io/ssa: Ignore',
  'Of a HelmRelease, in its spec:',
  'driftDetection:',
  '  ignore:',
  `    - paths: [${[...LABELS, MARK].join(', ')}]`,
];
