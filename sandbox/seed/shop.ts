import { READY_DELAY } from '../cluster/kubelet-stages.js';

type Manifest = Readonly<Record<string, unknown>>;

interface ShopNamespace {
  readonly name: string;
  /** Whether it asks for sidecars, refuses them, or never asked. */
  readonly sidecars: 'asks' | 'refuses' | null;
  /** Replicas by Deployment. */
  readonly deployments: Readonly<Record<string, number>>;
  readonly statefulSets?: Readonly<Record<string, number>>;
  readonly daemonSets?: readonly string[];
  readonly cronJobs?: readonly string[];
}

/** The demo shop: seven namespaces with sidecars, one that never had them and one that refuses them. */
const SHOP: readonly ShopNamespace[] = [
  { name: 'catalog', sidecars: 'asks', deployments: { catalog: 3, search: 2, images: 1 } },
  { name: 'cart', sidecars: 'asks', deployments: { cart: 4, wishlist: 2, pricing: 3 }, statefulSets: { redis: 3 } },
  { name: 'checkout', sidecars: 'asks', deployments: { checkout: 5, tax: 2, shipping: 2, fraud: 3 } },
  {
    name: 'orders',
    sidecars: 'asks',
    deployments: { orders: 4, invoices: 2, returns: 1 },
    statefulSets: { ledger: 2 },
    cronJobs: ['month-end'],
  },
  { name: 'payments', sidecars: 'asks', deployments: { payments: 6, cards: 3, vouchers: 1 } },
  { name: 'accounts', sidecars: 'asks', deployments: { accounts: 3, sessions: 4, mail: 1 } },
  {
    name: 'edge',
    sidecars: 'asks',
    deployments: { web: 6, mobile: 3, assets: 2 },
    daemonSets: ['node-cache'],
  },
  { name: 'legacy', sidecars: null, deployments: { mainframe: 1, reports: 2 } },
  { name: 'vendor', sidecars: 'refuses', deployments: { agent: 1 } },
];

/** The label by which a namespace asks for sidecars. */
export type Asking = (namespace: string) => Readonly<Record<string, string>>;

/** As every Istio knows it. */
export const byInjectionLabel: Asking = () => ({ 'istio-injection': 'enabled' });

/** Every object of the demo shop, namespaces first. @param only these namespaces; all when left out */
export function shopManifests(only?: readonly string[], asking: Asking = byInjectionLabel): Manifest[] {
  return [...shop(only).map((entry) => namespaceOf(entry, asking)), ...shop(only).flatMap(workloadsOf)];
}

function shop(only?: readonly string[]): readonly ShopNamespace[] {
  return SHOP.filter(({ name }) => only?.includes(name) ?? true);
}

/** Names of the workloads whose pods must be Ready before the shop is open: `deployment/web`, by namespace. */
export function shopWorkloads(only?: readonly string[]): { namespace: string; workload: string }[] {
  return shop(only).flatMap(({ name, deployments, statefulSets = {}, daemonSets = [] }) =>
    [
      ...Object.keys(deployments).map((workload) => `deployment/${workload}`),
      ...Object.keys(statefulSets).map((workload) => `statefulset/${workload}`),
      ...daemonSets.map((workload) => `daemonset/${workload}`),
    ].map((workload) => ({ namespace: name, workload })),
  );
}

function namespaceOf({ name, sidecars }: ShopNamespace, asking: Asking): Manifest {
  const refusal = sidecars === 'refuses' ? { 'istio-injection': 'disabled' } : {};
  const labels = { shop: 'demo', ...(sidecars === 'asks' ? asking(name) : refusal) };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function workloadsOf(entry: ShopNamespace): Manifest[] {
  const { name: namespace, deployments, statefulSets = {}, daemonSets = [], cronJobs = [] } = entry;
  const workload = (kind: string, name: string, spec: object): Manifest => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace, labels: { app: name } },
    spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name), ...spec },
  });
  return [
    ...Object.entries(deployments).map(([name, replicas]) => workload('Deployment', name, { replicas })),
    ...Object.entries(statefulSets).map(([name, replicas]) =>
      workload('StatefulSet', name, { replicas, serviceName: name, podManagementPolicy: 'Parallel' }),
    ),
    ...daemonSets.map((name) => workload('DaemonSet', name, {})),
    ...cronJobs.map((name) => cronJob(namespace, name)),
  ];
}

function podTemplate(app: string): object {
  return {
    // An application takes a moment to start; a rollout that is instant would hide what a rollout does.
    metadata: { labels: { app }, annotations: { [READY_DELAY]: '1s' } },
    spec: {
      containers: [{ name: 'app', image: `registry.example/shop/${app}:2020.11`, ports: [{ containerPort: 8080 }] }],
    },
  };
}

function cronJob(namespace: string, name: string): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace },
    spec: {
      schedule: '0 3 1 * *',
      jobTemplate: {
        spec: {
          template: {
            ...podTemplate(name),
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'app', image: `registry.example/shop/${name}:2020.11` }],
            },
          },
        },
      },
    },
  };
}
