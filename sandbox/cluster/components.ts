import { join } from 'node:path';
import type { ProcessSpec } from './processes.js';

/** What the API server writes down: nothing, what Meshlift asks (for tests of its rights), or what everyone does. */
export type Audit = false | 'meshlift' | 'everyone';

/** What the parts of a cluster must agree on. */
export interface ClusterLayout {
  readonly dir: string;
  /** Kubernetes minor, `1.21` or `1.35`. */
  readonly minor: string;
  readonly ports: {
    readonly etcd: number;
    readonly etcdPeer: number;
    readonly apiServer: number;
    readonly controllerManager: number;
    readonly scheduler: number;
  };
  readonly binary: (name: string) => string;
  /** Leave the controllers at the rates that a stock cluster has (20 requests per second). */
  readonly stockRates: boolean;
  readonly audit: Audit;
}

/** 1.21 would also listen without encryption, on a fixed port: two clusters could not run side by side. */
const withoutInsecurePort = (minor: string) => (minor === '1.21' ? ['--port=0'] : []);
const RAISED_RATES = ['--kube-api-qps=200', '--kube-api-burst=400'];

/** The database of the cluster. What it holds is thrown away with the sandbox, so it never waits for the disk. */
export function etcd({ dir, ports, binary }: ClusterLayout): ProcessSpec {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: 'etcd',
    file: binary('etcd'),
    args: [
      `--data-dir=${join(dir, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ],
  };
}

/**
 * The API server. Its way to webhooks and service proxies goes through an egress selector into the simulated cluster
 * network; with aggregator routing it resolves a webhook's Service to a ready endpoint by itself, as in a real cluster.
 */
export function apiServer({ dir, minor, ports, binary, audit }: ClusterLayout): ProcessSpec {
  return {
    name: 'kube-apiserver',
    file: binary(`kube-apiserver-${minor}`),
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--secure-port=${ports.apiServer}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(dir, 'pki')}`,
      `--token-auth-file=${join(dir, 'tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(dir, 'service-account.pub')}`,
      `--service-account-signing-key-file=${join(dir, 'service-account.key')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=true',
      `--egress-selector-config-file=${join(dir, 'egress.yaml')}`,
      '--enable-aggregator-routing=true',
      ...(audit === false ? [] : auditArguments(dir, audit)),
    ],
  };
}

function auditArguments(dir: string, audit: Exclude<Audit, false>): string[] {
  const file = [`--audit-policy-file=${join(dir, 'audit.yaml')}`, `--audit-log-path=${auditLog(dir)}`];
  // Written beside the requests, so that what is measured does not wait for it.
  const aside = ['--audit-log-mode=batch', '--audit-log-batch-buffer-size=200000', '--audit-log-maxsize=2000'];
  return audit === 'everyone' ? [...file, ...aside] : file;
}

/** Where the API server writes what it was asked, one JSON object a line. */
export function auditLog(dir: string): string {
  return join(dir, 'audit.log');
}

/**
 * Who asked for what of which object, and whether it was allowed; nothing of what the objects hold.
 * @param user only what this one asks; everyone when null
 */
export function auditPolicy(user: string | null): string {
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: user === null ? [{ level: 'Metadata' }] : [{ level: 'Metadata', users: [user] }, { level: 'None' }],
  });
}

/** Where the API server finds the cluster network: a Unix socket that speaks HTTP CONNECT. */
export function egressConfiguration(dir: string): string {
  return JSON.stringify({
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [
      {
        name: 'cluster',
        connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: join(dir, 'network.sock') } } },
      },
    ],
  });
}

/** The controllers of Deployments, StatefulSets, Jobs, endpoints and all the rest. */
export function controllerManager({ dir, minor, ports, binary, stockRates }: ClusterLayout): ProcessSpec {
  return {
    name: 'kube-controller-manager',
    file: binary(`kube-controller-manager-${minor}`),
    args: [
      `--kubeconfig=${join(dir, 'admin.kubeconfig')}`,
      `--service-account-private-key-file=${join(dir, 'service-account.key')}`,
      `--root-ca-file=${join(dir, 'pki', 'apiserver.crt')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      `--cert-dir=${join(dir, 'pki')}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.controllerManager}`,
      ...withoutInsecurePort(minor),
      ...(stockRates ? [] : [...RAISED_RATES, '--concurrent-deployment-syncs=20', '--concurrent-replicaset-syncs=20']),
    ],
  };
}

export function scheduler({ dir, minor, ports, binary, stockRates }: ClusterLayout): ProcessSpec {
  return {
    name: 'kube-scheduler',
    file: binary(`kube-scheduler-${minor}`),
    args: [
      `--kubeconfig=${join(dir, 'admin.kubeconfig')}`,
      '--leader-elect=false',
      `--cert-dir=${join(dir, 'pki')}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.scheduler}`,
      ...withoutInsecurePort(minor),
      ...(stockRates ? [] : RAISED_RATES),
    ],
  };
}

/** The simulated kubelets. */
export function kwok({ dir, binary }: ClusterLayout): ProcessSpec {
  return {
    name: 'kwok',
    file: binary('kwok'),
    args: [
      `--kubeconfig=${join(dir, 'admin.kubeconfig')}`,
      '--manage-all-nodes=true',
      `--config=${join(dir, 'kwok.yaml')}`,
    ],
  };
}
