import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../settings/free-ports.js';
import { nodeCommand } from '../../settings/node-command.js';
import { groupOf } from '../binaries/catalogue.js';
import type { Flavour } from '../binaries/index.js';
import type { ReleaseArchives } from '../releases/archives.js';
import {
  generatorProcess,
  prometheusProcess,
  writePrometheusConfig,
  type SandboxMetrics,
} from '../metrics/prometheus.js';
import { standInsOf } from '../releases/stand-ins.js';
import { connectAdmin } from './admin-client.js';
import { writeServiceAccountKeys } from './certificates.js';
import {
  apiServer,
  auditPolicy,
  controllerManager,
  egressConfiguration,
  etcd,
  kwok,
  scheduler,
  type Audit,
  type ClusterLayout,
} from './components.js';
import { writeConfigFile } from './config-file.js';
import { eventually, untilReady } from './eventually.js';
import { IDENTITIES, kubeconfig, makeTokens, tokenFile, type Tokens } from './identities.js';
import { kubeletStages } from './kubelet-stages.js';
import { newLayout, writeLayout } from './layout.js';
import { recordedProcesses, startProcess, type ProcessSpec } from './processes.js';
import { grantRoles } from './roles.js';
import { sandboxDir, writeAtomically, writeSandbox, type Sandbox } from './state.js';

/** What a new cluster is made of. */
export interface ClusterOptions {
  readonly name: string;
  readonly flavour: Flavour;
  readonly cacheDir: string;
  readonly archives: ReleaseArchives;
  readonly stockRates: boolean;
  readonly audit: Audit;
  /** Path of a Prometheus that looks at what the mesh would say of itself; null for none. */
  readonly prometheus: string | null;
}

/**
 * Brings a cluster up in its claimed, empty folder.
 * @throws Error with the last lines of a part's log when it does not come up; the caller takes everything down again
 */
export async function bringUp(options: ClusterOptions): Promise<Sandbox> {
  const dir = sandboxDir(options.name);
  const layout = await newLayout(dir, options);
  await writeLayout(layout);
  const tokens = makeTokens();
  await writeFoundations(layout, tokens);
  await start(dir, [etcd(layout), controllerOf(dir, options), bucketOf(dir, options), apiServer(layout)]);
  const metrics = options.prometheus === null ? null : await startMetrics(dir, options.prometheus);
  const sandbox = { ...describe(dir, layout, options), ...(metrics && { metrics }) };
  await writeKubeconfigs(sandbox, tokens);
  await untilReady(sandbox.adminKubeconfig);
  await start(dir, [controllerManager(layout), scheduler(layout), kwok(layout)]);
  await Promise.all([
    createNode(sandbox.adminKubeconfig, groupOf(`kube-apiserver-${layout.minor}`).version),
    grantRoles(sandbox.kubectl, sandbox.adminKubeconfig),
    bucketOrigin(dir).then((origin) => writeConfigFile(sandbox, options.archives, origin)),
  ]);
  await requireAlive(dir);
  const up = {
    ...sandbox,
    bucket: { baseUrl: `${await bucketOrigin(dir)}${standInsOf(options.flavour)[0].bucketFolder}` },
  };
  await writeSandbox(up);
  return up;
}

async function writeFoundations({ dir, audit }: ClusterLayout, tokens: Tokens): Promise<void> {
  await mkdir(join(dir, 'pki'), { recursive: true });
  await writeServiceAccountKeys(dir);
  await writeFile(join(dir, 'tokens.csv'), tokenFile(tokens), { mode: 0o600 });
  await writeFile(join(dir, 'egress.yaml'), egressConfiguration(dir));
  const audited = audit === 'everyone' ? null : IDENTITIES.meshlift.user;
  await writeFile(join(dir, 'audit.yaml'), auditPolicy(audited));
  await writeFile(join(dir, 'kwok.yaml'), kubeletStages());
}

async function start(dir: string, specs: readonly ProcessSpec[]): Promise<void> {
  await Promise.all(specs.map((spec) => startProcess(dir, spec)));
}

async function startMetrics(dir: string, file: string): Promise<SandboxMetrics> {
  const [generatorPort = 0, port = 0] = await freePorts(2);
  await writePrometheusConfig(dir, generatorPort);
  await start(dir, [generatorProcess(dir, generatorPort), prometheusProcess(dir, file, port)]);
  return { generator: `http://127.0.0.1:${generatorPort}`, prometheus: `http://127.0.0.1:${port}` };
}

/** The process that stands for the network of the cluster, and runs its istiods. */
export function controllerOf(
  dir: string,
  { flavour, cacheDir }: Pick<ClusterOptions, 'flavour' | 'cacheDir'>,
): ProcessSpec {
  const entry = new URL('../istiod/controller-process.js', import.meta.url);
  return { name: 'controller', ...nodeCommand(entry, [dir, flavour, cacheDir]) };
}

function bucketOf(dir: string, { archives }: ClusterOptions): ProcessSpec {
  const entry = new URL('../releases/bucket-process.js', import.meta.url);
  return { name: 'bucket', ...nodeCommand(entry, [dir, archives.dir]) };
}

function describe(dir: string, { minor, ports, binary }: ClusterLayout, { name, flavour }: ClusterOptions): Sandbox {
  return {
    name,
    flavour,
    dir,
    kubeconfig: join(dir, 'kubeconfig'),
    adminKubeconfig: join(dir, 'admin.kubeconfig'),
    configFile: join(dir, 'config.yaml'),
    kubectl: binary(minor === '1.21' ? 'kubectl-1.21' : 'kubectl-1.35'),
    apiServer: `https://127.0.0.1:${ports.apiServer}`,
    bucket: { baseUrl: '' },
  };
}

/** The API server makes its own certificate; a kubeconfig needs it as its authority. */
async function writeKubeconfigs(sandbox: Sandbox, tokens: Tokens): Promise<void> {
  const certificate = await eventually('the certificate of the API server', sandbox.dir, () =>
    readFile(join(sandbox.dir, 'pki', 'apiserver.crt'), 'utf8'),
  );
  const cluster = { name: sandbox.name, server: sandbox.apiServer, certificate };
  await writeAtomically(sandbox.adminKubeconfig, kubeconfig(cluster, tokens, ['admin']));
  await writeAtomically(sandbox.kubeconfig, kubeconfig(cluster, tokens, ['meshlift', 'reader', 'roller']));
}

async function createNode(adminKubeconfig: string, version: string): Promise<void> {
  const admin = await connectAdmin(adminKubeconfig);
  const room = { cpu: '320', memory: '2560Gi', pods: '11000' };
  await admin.send('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'node-0',
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'kubernetes.io/hostname': 'node-0' },
    },
    // Current istiod asks whether every node is new enough for sidecars that are init containers.
    status: { allocatable: room, capacity: room, nodeInfo: nodeInfo(version) },
  });
}

function nodeInfo(version: string): object {
  const unsaid = { machineID: '', systemUUID: '', bootID: '', kernelVersion: '', osImage: '', kubeProxyVersion: '' };
  return {
    ...unsaid,
    kubeletVersion: `v${version}`,
    containerRuntimeVersion: 'kwok://0.8.0',
    operatingSystem: 'linux',
    architecture: 'amd64',
  };
}

async function bucketOrigin(dir: string): Promise<string> {
  const read = async () => JSON.parse(await readFile(join(dir, 'bucket.json'), 'utf8')) as { origin: string };
  return (await eventually('the bucket', dir, read)).origin;
}

/** A part that could not start dies at once: better said now than found out later. */
async function requireAlive(dir: string): Promise<void> {
  const dead = Object.entries(await recordedProcesses(dir)).find(([, { alive }]) => !alive);
  if (dead === undefined) return;
  const log = await readFile(join(dir, `${dead[0]}.log`), 'utf8');
  throw new Error(`${dead[0]} did not stay up; its log ends with:\n${log.trim().split('\n').slice(-5).join('\n')}`);
}
