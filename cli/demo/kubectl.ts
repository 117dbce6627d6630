import { runTool, ToolError } from '../../sandbox/exec.js';

/** What the demo reads of any Kubernetes object. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
}

/** What the API server answered to something that was only tried. */
export interface DryRun {
  readonly accepted: boolean;
  /** The object as it would be, after all webhooks; null when it was refused. */
  readonly object: KubeObject | null;
  readonly answer: string;
}

/** The cluster as kubectl shows it: eyes that know nothing of Meshlift's own code. */
export interface Kubectl {
  list(...args: readonly string[]): Promise<readonly KubeObject[]>;
  dryRunCreate(manifest: object): Promise<DryRun>;
  create(manifest: object): Promise<void>;
  deleteNamespace(name: string): Promise<void>;
}

/** Makes the eyes on one cluster. */
export function createKubectl(file: string, kubeconfig: string): Kubectl {
  const run = (args: readonly string[], input?: string) =>
    runTool(file, [`--kubeconfig=${kubeconfig}`, ...args], input === undefined ? {} : { input });
  return {
    async list(...args) {
      return (JSON.parse(await run(['get', ...args, '--output=json'])) as { items: KubeObject[] }).items;
    },
    async dryRunCreate(manifest) {
      try {
        const answer = await run(['create', '--dry-run=server', '--output=json', '-f', '-'], JSON.stringify(manifest));
        return { accepted: true, object: JSON.parse(answer) as KubeObject, answer: 'accepted' };
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        return { accepted: false, object: null, answer: lastLine(error.message) };
      }
    },
    async create(manifest) {
      await run(['create', '-f', '-'], JSON.stringify(manifest));
    },
    async deleteNamespace(name) {
      await run(['delete', 'namespace', '--ignore-not-found', '--wait=false', '--', name]);
    },
  };
}

/** Tag of the image of container `istio-proxy`; `none` when the pod has no sidecar. */
export function proxyTag({ spec }: KubeObject): string {
  const containers = (spec?.['containers'] ?? []) as readonly { name: string; image: string }[];
  return (
    containers
      .find(({ name }) => name === 'istio-proxy')
      ?.image.split(':')
      .at(-1) ?? 'none'
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
