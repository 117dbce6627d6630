import { ignoreRule, WRITTEN_LABELS, WRITTEN_MARKS, type GitOpsTool } from './gitops.js';

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

const MANAGERS: readonly (readonly [GitOpsTool, RegExp])[] = [
  ['Argo CD', /^argocd|^argo-?cd/i],
  ['Flux', /^(kustomize|helm)-controller$|^flux/i],
];
const MARKS: readonly (readonly [GitOpsTool, RegExp])[] = [
  ['Argo CD', /^argocd\.argoproj\.io\//],
  ['Flux', /^(kustomize|helm)\.toolkit\.fluxcd\.io\//],
];

/** The GitOps tool that a writer is, or that owns the object it wrote; null for people and everything else. */
function gitOpsTool({ manager, other = '', marks }: Writer): GitOpsTool | null {
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

/** What keeps a GitOps tool from taking back what the run writes, as lines to paste; none for other writers. */
export function ignoreRuleFor(writer: Writer): readonly string[] {
  const tool = gitOpsTool(writer);
  return tool === null ? [] : ignoreRule(tool, [WRITTEN_LABELS, ...WRITTEN_MARKS]);
}
