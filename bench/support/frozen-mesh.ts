import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath } from '../../sandbox/binaries/index.js';
import { runTool } from '../../sandbox/exec.js';
import { unpackedRelease } from '../../sandbox/releases/archives.js';
import { TARGET } from '../../sandbox/releases/stand-ins.js';
import { seedOf } from '../../sandbox/seed/scenarios.js';
import { downSandbox, freezeSandbox, isFrozen, thawSandbox, upSandbox, type Sandbox } from '../../sandbox/sandbox.js';
import { atOnce, untilSo } from './at-once.js';
import { connectRaw, type RawHttp } from './raw-http.js';
import {
  BENCH_LABEL,
  deploymentManifest,
  namespaceManifest,
  namespacesOf,
  podsOfAll,
  type BenchWorkload,
  type Size,
} from './size.js';

/** What the mesh is moved to. */
export const NEW_REVISION = 'asm-1614-2';
export const NEW_PROXY = TARGET.version;

/** A mesh to make: both control planes, everything on the old one. */
export interface MeshSpec {
  readonly name: string;
  readonly size: Size;
  readonly workloads: readonly BenchWorkload[];
  /** Whether the API server writes down what everyone asks. */
  readonly audit: boolean;
  readonly progress: (line: string) => void;
  /** Nodes beside the first one, each like the first. @default 0 */
  readonly moreNodes?: number;
}

/**
 * Makes a mesh with both control planes in a sandbox of its own, every pod on the old one, and freezes it: each measurement
 * begins from exactly this state.
 */
export async function makeFrozenMesh(spec: MeshSpec): Promise<void> {
  const { name, workloads, audit, progress } = spec;
  const began = performance.now();
  const said = (line: string) => progress(`${Math.round((performance.now() - began) / 1000)} s: ${line}`);
  if (isFrozen(name)) {
    progress('is there already: left by an earlier run with --keep');
    return;
  }
  await downSandbox(name);
  const sandbox = await upSandbox({ name, flavour: 'asm16', progress: said, ...(audit ? { audit: 'everyone' } : {}) });
  const seed = seedOf('asm16');
  await seed.install(sandbox, seed.version);
  said(`Istio ${seed.version} is there`);
  await installTarget(sandbox);
  said(`Istio ${NEW_PROXY} is there as ${NEW_REVISION}`);
  await populate(sandbox, spec);
  said(`${podsOfAll(workloads)} pods are ready on the old control plane`);
  await freezeSandbox(name);
  said('frozen');
}

/** As the guide's step 4 says it. */
async function installTarget({ adminKubeconfig }: Sandbox): Promise<void> {
  const istioctl = join(unpackedRelease(defaultCacheDir(), TARGET), 'bin', 'istioctl');
  await runTool(istioctl, [
    ...['install', '--set', 'profile=asm-multicloud', '--set', `revision=${NEW_REVISION}`],
    `--kubeconfig=${adminKubeconfig}`,
    '--wait',
  ]);
}

async function populate(
  { adminKubeconfig }: Sandbox,
  { size, workloads, moreNodes = 0, progress }: MeshSpec,
): Promise<void> {
  const http = await connectRaw(adminKubeconfig, 'bench-seed');
  try {
    for (let number = 1; number <= moreNodes; number++) await addNode(http, `node-${number}`);
    await atOnce(16, namespacesOf(size), (name) => http.send('POST', '/api/v1/namespaces', namespaceManifest(name)));
    await atOnce(16, workloads, (workload) =>
      http.send('POST', `/apis/apps/v1/namespaces/${workload.namespace}/deployments`, deploymentManifest(workload)),
    );
    await untilReady(http, podsOfAll(workloads), progress);
  } finally {
    http.close();
  }
}

/** One like the first. */
async function addNode(http: RawHttp, name: string): Promise<void> {
  const { metadata, status } = JSON.parse((await http.send('GET', '/api/v1/nodes/node-0')).body) as NodeObject;
  const { annotations, labels } = metadata;
  const { allocatable, capacity, nodeInfo } = status;
  await http.send('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, annotations, labels: { ...labels, 'kubernetes.io/hostname': name } },
    status: { allocatable, capacity, nodeInfo },
  });
}

interface NodeObject {
  readonly metadata: { readonly annotations: object; readonly labels: object };
  readonly status: { readonly allocatable: object; readonly capacity: object; readonly nodeInfo: object };
}

const READY_WITHIN_MS = 3_600_000;
/** Large lists are work for the API server, too. */
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 30_000;

async function untilReady(http: RawHttp, wanted: number, progress: MeshSpec['progress']): Promise<void> {
  const began = Date.now();
  for (let told = began; ;) {
    const ready = await readyPods(http);
    if (ready === wanted) return;
    if (Date.now() - began > READY_WITHIN_MS)
      throw new Error(`only ${ready} of ${wanted} pods are ready after an hour`);
    if (Date.now() - told > TELL_EVERY_MS) {
      told = Date.now();
      progress(`${ready} of ${wanted} pods are ready`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function readyPods(http: RawHttp): Promise<number> {
  const { body } = await http.send('GET', `/apis/apps/v1/deployments?labelSelector=${encodeURIComponent(BENCH_LABEL)}`);
  const { items } = JSON.parse(body) as { items: { status?: { readyReplicas?: number } }[] };
  return items.reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0);
}

/** Brings the frozen mesh back, with these rates, and waits until both control planes answer and all is quiet. */
export async function thawMesh(name: string, stockRates: boolean): Promise<Sandbox> {
  const sandbox = await thawSandbox(name, { stockRates });
  const http = await connectRaw(sandbox.adminKubeconfig, 'bench-seed', 1);
  try {
    for (const service of ['istiod', `istiod-${NEW_REVISION}`]) {
      await untilSo(service, 60_000, () => answers(http, service));
    }
  } finally {
    http.close();
  }
  // Controllers look at everything once when they start, and their own limits fill up again.
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return sandbox;
}

const QUIET_MS = 5_000;

async function answers(http: RawHttp, service: string): Promise<boolean> {
  const path = `/api/v1/namespaces/istio-system/services/${service}:15014/proxy/metrics`;
  return http.send('GET', path).then(
    () => true,
    () => false,
  );
}

/** The kubectl of the sandbox. */
export function kubectlOf(): string {
  return binaryPath(defaultCacheDir(), 'kubectl-1.21');
}
