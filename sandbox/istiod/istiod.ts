import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../settings/free-ports.js';
import { endProcess } from '../../settings/process-identity.js';
import type { AdminClient, ClusterObject } from '../cluster/admin-client.js';
import { forgetProcess, startProcess, type SandboxProcess } from '../cluster/processes.js';
import type { Generation, IstiodHost } from './host.js';
import { serviceAccountKubeconfig } from './service-account.js';
import type { IstiodPod } from './pod.js';

/** Local ports of one istiod. */
interface IstiodPorts {
  readonly https: number;
  readonly http: number;
  readonly grpc: number;
  readonly monitoring: number;
  readonly controlZ: number;
  readonly secureGrpc: number;
  /** Only 1.5 has it: for proxies with certificates of the old kind. */
  readonly legacyGrpc: number;
}

/** A real istiod that stands for a pod. */
export interface Istiod {
  readonly exited: Promise<number | null>;
  /** Port of the pod -> local port. */
  readonly routes: ReadonlyMap<number, number>;
  isReady(): Promise<boolean>;
  stop(): Promise<void>;
}

const NAMESPACE = '/api/v1/namespaces/istio-system';

/**
 * Starts the istiod of a pod: the pod's own environment, the files that its ConfigMaps would have been mounted as, the
 * token of its service account.
 * @throws Error while a ConfigMap or the service account's token is not there yet; try again, as a kubelet does
 */
export async function startIstiod(pod: IstiodPod, host: IstiodHost): Promise<Istiod> {
  const workDir = join(host.dir, 'istiod', pod.name);
  const account = await serviceAccountKubeconfig(host, pod.serviceAccount);
  const { file, generation } = host.program(pod.version);
  await writeFiles(workDir, {
    ...(generation === 'current' ? {} : await mountedConfigMaps(pod, host.admin)),
    'var/run/secrets/tokens': { 'istio-token': account.token },
    '.': { kubeconfig: account.kubeconfig },
  });
  const ports = await claimPorts();
  const name = `istiod.${pod.name}`;
  const process = await startProcess(host.dir, {
    name,
    file,
    args: [...commonArguments(workDir, ports), ...ARGUMENTS[generation](workDir, ports)],
    env: {
      ...pod.env,
      // Every pod has it. Without it 1.5 looks for the issuer of its token on the network.
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      // 1.5 and 1.6 bind the port of ISTIOD_ADDR on all addresses: each process gets its own, or the second one does not start.
      ISTIOD_ADDR: `${(pod.env['ISTIOD_ADDR'] ?? 'istiod').split(':')[0]}:${ports.secureGrpc}`,
    },
    cwd: workDir,
  });
  return {
    exited: process.exited,
    routes: new Map([
      [15017, ports.https],
      [443, ports.https],
      [8080, ports.http],
      [15010, ports.grpc],
      [15014, ports.monitoring],
    ]),
    isReady: () => isReady(ports.http),
    stop: () => stop(process, host.dir, name, workDir),
  };
}

async function claimPorts(): Promise<IstiodPorts> {
  const [https = 0, http = 0, grpc = 0, monitoring = 0, controlZ = 0, secureGrpc = 0, legacyGrpc = 0] =
    await freePorts(7);
  return { https, http, grpc, monitoring, controlZ, secureGrpc, legacyGrpc };
}

function commonArguments(workDir: string, ports: IstiodPorts): string[] {
  return [
    'discovery',
    `--kubeconfig=${join(workDir, 'kubeconfig')}`,
    `--httpsAddr=127.0.0.1:${ports.https}`,
    `--httpAddr=127.0.0.1:${ports.http}`,
    `--grpcAddr=127.0.0.1:${ports.grpc}`,
    `--monitoringAddr=127.0.0.1:${ports.monitoring}`,
    '--ctrlz_address=127.0.0.1',
    `--ctrlz_port=${ports.controlZ}`,
  ];
}

const meshFiles = (workDir: string) => [
  `--meshConfig=${join(workDir, 'etc/istio/config/mesh')}`,
  `--networksConfig=${join(workDir, 'etc/istio/config/meshNetworks')}`,
];

/** What the Deployments of one generation say besides. */
const ARGUMENTS: Record<Generation, (workDir: string, ports: IstiodPorts) => string[]> = {
  '1.5': (workDir, ports) => [
    ...meshFiles(workDir),
    '--disable-install-crds=true',
    '--trust-domain=cluster.local',
    `--secureGrpcAddr=127.0.0.1:${ports.legacyGrpc}`,
  ],
  '1.6': meshFiles,
  // It reads its mesh configuration and its templates through the API server.
  current: (_workDir, ports) => [`--secureGRPCAddr=127.0.0.1:${ports.secureGrpc}`],
};

/** The files that the kubelet would mount from the ConfigMaps of a pod. */
async function mountedConfigMaps(pod: IstiodPod, admin: AdminClient): Promise<Record<string, Record<string, string>>> {
  return {
    'etc/istio/config': await configMap(admin, pod.configMaps['config-volume']),
    'var/lib/istio/inject': await configMap(admin, pod.configMaps['inject']),
  };
}

async function configMap(admin: AdminClient, name: string | undefined): Promise<Record<string, string>> {
  const found: ClusterObject | null = name ? await admin.send('GET', `${NAMESPACE}/configmaps/${name}`) : null;
  if (found === null) throw new Error(`ConfigMap ${name ?? '(unnamed)'} is not there yet`);
  return found['data'] as Record<string, string>;
}

async function writeFiles(workDir: string, folders: Record<string, Record<string, string>>): Promise<void> {
  for (const [folder, files] of Object.entries(folders)) {
    await mkdir(join(workDir, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(workDir, folder, name), text, { mode: 0o600 });
    }
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(1_000) });
    return response.status === 200;
  } catch {
    return false;
  }
}

async function stop(process: SandboxProcess, dir: string, name: string, workDir: string): Promise<void> {
  await endProcess(process, 500);
  await forgetProcess(dir, name);
  await rm(workDir, { recursive: true, force: true });
}
