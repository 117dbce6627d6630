import { READY_DELAY } from '../../sandbox/sandbox.js';

/** How big a mesh is: so many namespaces with so many Deployments each. */
export interface Size {
  readonly namespaces: number;
  readonly deployments: number;
}

/** One Deployment of the measured mesh. */
export interface BenchWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly readySeconds: number;
}

/** How the pods of a mesh behave: the n-th workload has so many, and they are ready after so long. */
export interface Shape {
  readonly replicas: (index: number) => number;
  readonly readySeconds: (index: number) => number;
}

/** On every object that is measured. */
export const BENCH_LABEL = 'bench.meshlift.dev/measured';

/** One to six pods, ready after 3 s +- 1 s. The delay belongs to the workload, so that every run meets the same ones. */
export const ORDINARY: Shape = {
  replicas: (index) => 1 + (index % 6),
  // Steps of a quarter, in an order that has nothing to do with the replicas.
  readySeconds: (index) => 2 + ((index * 7) % 9) * 0.25,
};

/** @throws Error when it is not of the form `20x4` */
export function parseSize(text: string): Size {
  const [namespaces = 0, deployments = 0] = text.split('x').map(Number);
  if (!Number.isInteger(namespaces) || !Number.isInteger(deployments) || namespaces < 1 || deployments < 1) {
    throw new Error(`"${text}" is no size: 20x4 means 20 namespaces with 4 Deployments each`);
  }
  return { namespaces, deployments };
}

/** Name of a size: `20x4`. */
export function sizeName({ namespaces, deployments }: Size): string {
  return `${namespaces}x${deployments}`;
}

/** Names of the namespaces of a mesh, in the order in which they would be moved by hand. */
export function namespacesOf({ namespaces }: Size): string[] {
  return Array.from({ length: namespaces }, (_, index) => `bench-${String(index + 1).padStart(3, '0')}`);
}

/** Every Deployment of a mesh. */
export function workloadsOf(size: Size, shape: Shape = ORDINARY): BenchWorkload[] {
  return namespacesOf(size).flatMap((namespace, row) =>
    Array.from({ length: size.deployments }, (_, column) => {
      const index = row * size.deployments + column;
      return {
        namespace,
        name: `app-${column + 1}`,
        replicas: shape.replicas(index),
        readySeconds: shape.readySeconds(index),
      };
    }),
  );
}

/** Pods of so many Deployments. */
export function podsOfAll(workloads: readonly Pick<BenchWorkload, 'replicas'>[]): number {
  return workloads.reduce((sum, { replicas }) => sum + replicas, 0);
}

/** A namespace that asks for sidecars as the guide's old mesh does. */
export function namespaceManifest(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [BENCH_LABEL]: 'yes', 'istio-injection': 'enabled' } },
  };
}

/** A Deployment with the stock strategy. */
export function deploymentManifest({ namespace, name, replicas, readySeconds }: BenchWorkload): object {
  const labels = { app: name, [BENCH_LABEL]: 'yes' };
  const annotations = readySeconds > 0 ? { [READY_DELAY]: `${readySeconds}s` } : {};
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations },
        spec: {
          containers: [{ name: 'app', image: `registry.example/bench/${name}:1`, ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  };
}
