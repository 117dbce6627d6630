import { INJECTION_LABEL, RESTART_ANNOTATION, REVISION_LABEL } from './names.js';

/** A tool that keeps the cluster as a repository says. */
export type GitOpsTool = 'Argo CD' | 'Flux';

/** What a run writes on one kind of objects that others own. */
export interface WrittenFields {
  readonly group: string;
  readonly kind: string;
  readonly jsonPointers: readonly string[];
}

/** A JSON pointer writes a slash inside a name as `~1`. */
const pointer = (parent: string, name: string) => `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Both injection labels of namespaces. */
export const WRITTEN_LABELS: WrittenFields = {
  group: '',
  kind: 'Namespace',
  jsonPointers: [INJECTION_LABEL, REVISION_LABEL].map((label) => pointer('/metadata/labels', label)),
};

/** The annotation that restarts a workload, on each kind that is restarted by one. */
export const WRITTEN_MARKS: readonly WrittenFields[] = ['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ({
  group: 'apps',
  kind,
  jsonPointers: [pointer('/spec/template/metadata/annotations', RESTART_ANNOTATION)],
}));

/**
 * What keeps a tool from taking back what a run writes, as lines to paste.
 * @param by the Application, Kustomization (`namespace/name`) or HelmRelease, where it is known
 */
export function ignoreRule(
  tool: GitOpsTool,
  written: readonly WrittenFields[],
  by: string | null = null,
): readonly string[] {
  return tool === 'Argo CD' ? argoRule(written, by) : fluxRule(written, by);
}

function argoRule(written: readonly WrittenFields[], by: string | null): string[] {
  return [
    `# Application ${by ?? '<application>'}: leave these fields alone for as long as the run lasts`,
    'spec:',
    '  ignoreDifferences:',
    ...written.flatMap(({ group, kind, jsonPointers }) => [
      ...(group === '' ? [`    - kind: ${kind}`] : [`    - group: ${group}`, `      kind: ${kind}`]),
      '      jsonPointers:',
      ...jsonPointers.map((path) => `        - ${path}`),
    ]),
    '  syncPolicy:',
    '    syncOptions:',
    '      - RespectIgnoreDifferences=true',
  ];
}

function fluxRule(written: readonly WrittenFields[], by: string | null): string[] {
  const [namespace = '<namespace>', name = '<name>'] = by?.split('/') ?? [];
  const kinds = written.map(({ kind }) => kind).join(', ');
  const paths = [...new Set(written.flatMap(({ jsonPointers }) => jsonPointers))];
  return [
    `# Kustomization ${namespace}/${name}: pause it for as long as the run lasts`,
    `flux suspend kustomization ${name} -n ${namespace}`,
    `# or, in the repository, on each ${kinds} that the run changes:`,
    'metadata:',
    '  annotations:',
    '    kustomize.toolkit.fluxcd.io/ssa: Ignore',
    '# of a HelmRelease instead, in its spec:',
    'driftDetection:',
    '  ignore:',
    `    - paths: [${paths.join(', ')}]`,
  ];
}
