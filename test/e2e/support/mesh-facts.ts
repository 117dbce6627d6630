import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a test reads of any Kubernetes object. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly creationTimestamp?: string;
    readonly generation?: number;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly webhooks?: Record<string, unknown>[];
  readonly data?: Record<string, string>;
}

/** The cluster as kubectl shows it: the tests' own eyes, independent of Meshlift's. */
export class MeshFacts {
  constructor(
    private readonly kubectl: string,
    private readonly kubeconfig: string,
  ) {}

  /** Runs kubectl and gives its standard output. Rejects with its standard error. */
  async run(...args: string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig };
    return (await run(this.kubectl, args, { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
  }

  /** Creates what the manifest says as a dry run, and gives what the API server answered, also when it refused. */
  async dryRunCreate(manifest: object): Promise<string> {
    return this.feed(manifest, ['create', '--dry-run=server', '-f', '-']);
  }

  /** Applies a manifest, and gives what kubectl said. */
  async apply(manifest: object): Promise<string> {
    return this.feed(manifest, ['apply', '-f', '-']);
  }

  /** Deletes what a manifest names, and waits until it is gone. */
  async remove(manifest: string): Promise<void> {
    await this.runWith(manifest, 'delete', '--ignore-not-found', '-f', '-');
  }

  /** Runs kubectl with something on its standard input. Rejects with its standard error. */
  async runWith(input: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig };
    const running = run(this.kubectl, args, { env, maxBuffer: 64 * 1024 * 1024 });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  private async feed(manifest: object, args: string[]): Promise<string> {
    const child = execFile(this.kubectl, args, { env: { ...process.env, KUBECONFIG: this.kubeconfig } });
    child.stdin?.end(JSON.stringify(manifest));
    let text = '';
    child.stdout?.on('data', (chunk: string) => (text += chunk));
    child.stderr?.on('data', (chunk: string) => (text += chunk));
    await new Promise((resolve) => child.once('close', resolve));
    return text;
  }

  async list(...args: string[]): Promise<KubeObject[]> {
    return (JSON.parse(await this.run('get', ...args, '-o', 'json')) as { items: KubeObject[] }).items;
  }

  /**
   * Watches a Deployment of istio-system until stopped, and gives what it then was: one line for each change that is not one
   * of its status only. An untouched one gives a single line.
   */
  watchDeployment(name: string): { stop(): Promise<string[]> } {
    const format = '{.metadata.uid} generation {.metadata.generation} replicas {.spec.replicas}{"\\n"}';
    const args = ['get', 'deployment', name, '-n', 'istio-system', '--watch', '-o', `jsonpath=${format}`];
    const child = execFile(this.kubectl, args, { env: { ...process.env, KUBECONFIG: this.kubeconfig } });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    let text = '';
    child.stdout?.on('data', (chunk: string) => (text += chunk));
    return {
      async stop() {
        child.kill();
        await closed;
        return [...new Set(text.trim().split('\n'))];
      },
    };
  }

  /** Pods by the tag of their proxy image, per namespace: `{ shop: { '1.6.13': 4 } }`; `none` means no sidecar. */
  async podsByProxy(): Promise<Record<string, Record<string, number>>> {
    const table: Record<string, Record<string, number>> = {};
    for (const pod of await this.list('pods', '-A')) {
      const namespace = pod.metadata.namespace ?? '';
      if (namespace === 'istio-system' || namespace.startsWith('kube-')) continue;
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      if (['Succeeded', 'Failed'].includes(String(pod.status?.['phase']))) continue;
      const row = (table[namespace] ??= {});
      const tag = proxyTag(pod);
      row[tag] = (row[tag] ?? 0) + 1;
    }
    return table;
  }

  /** How often each workload's specification changed: one restart adds exactly one. */
  async generations(): Promise<Record<string, number>> {
    const workloads = await this.list('deployments,statefulsets,daemonsets', '-A');
    return Object.fromEntries(
      workloads
        .filter((workload) => workload.metadata.namespace !== 'istio-system')
        .map(({ kind, metadata }) => [
          `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
          metadata.generation ?? 0,
        ]),
    );
  }

  /** What a rollback must bring back, as kubectl sees it. Fields that the API server or istiod own are left out. */
  async snapshot(): Promise<Record<string, unknown>> {
    const namespaces = await this.list('namespaces');
    const gateways = await this.list('deployments', '-n', 'istio-system', '-l', 'istio=ingressgateway');
    const webhooks = await this.list('mutatingwebhookconfigurations,validatingwebhookconfigurations');
    const services = await this.list('services', '-n', 'istio-system');
    const kinds = 'deployments,configmaps,hpa,pdb,serviceaccounts,roles,rolebindings,envoyfilters.networking.istio.io';
    const names = await this.list(kinds, '-n', 'istio-system');
    const cluster = await this.list('clusterroles,clusterrolebindings', '-l', 'release=istio');
    const config = (await this.list('configmaps', '-n', 'istio-system')).filter(({ metadata }) =>
      ['istio', 'istio-sidecar-injector'].includes(metadata.name),
    );
    return {
      labels: Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
      gateways: gateways.map(({ metadata, spec }) => [metadata.name, spec?.['template']]),
      webhooks: webhooks.map(({ metadata, webhooks: entries }) => [metadata.name, entries]),
      services: services.map(({ metadata, spec }) => [metadata.name, spec?.['selector'], spec?.['ports']]),
      names: names.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(),
      cluster: cluster.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(),
      config: config.map(({ metadata, data }) => [metadata.name, data]),
    };
  }
}

/** Tag of the image of container or init container `istio-proxy`. */
export function proxyTag(pod: KubeObject): string {
  const containers = [
    ...((pod.spec?.['containers'] as { name: string; image: string }[] | undefined) ?? []),
    ...((pod.spec?.['initContainers'] as { name: string; image: string }[] | undefined) ?? []),
  ];
  const proxy = containers.find((container) => container.name === 'istio-proxy');
  return proxy === undefined ? 'none' : (proxy.image.split(':').at(-1) ?? 'none');
}
