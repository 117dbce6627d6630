import { defaultCacheDir } from '../settings/paths.js';
import { ensureBinaries, flavourBinaries, type Flavour } from './binaries/index.js';
import type { Audit } from './cluster/components.js';
import { endAllProcesses, markedProcesses, recordedProcesses } from './cluster/processes.js';
import { claimDir, readSandbox, removeDir, sandboxDir, sandboxNames, type Sandbox } from './cluster/state.js';
import { bringUp } from './cluster/up.js';
import { conductOrderSchema, type Conduct } from './metrics/conduct.js';
import { ensurePrometheus } from './metrics/prometheus.js';
import { ensureReleaseArchives, type ReleaseArchives } from './releases/archives.js';
import { standInsOf } from './releases/stand-ins.js';

export { FLAVOURS, type Flavour } from './binaries/index.js';
export { auditLog } from './cluster/components.js';
export { freezeSandbox, isFrozen, thawSandbox } from './cluster/freeze.js';
export { READY_DELAY } from './cluster/kubelet-stages.js';
export type { Sandbox } from './cluster/state.js';
export { CONDUCTS, type Conduct } from './metrics/conduct.js';
export { SCENARIOS, type Scenario } from './seed/scenarios.js';
export { seedSandbox } from './seed/seed.js';

/** Told, line by line, how it goes. */
export type Progress = (line: string) => void;

/** A sandbox cannot be brought up or found; the message says what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

export interface BuildOptions {
  readonly flavour: Flavour;
  readonly progress: Progress;
}

export interface UpOptions extends BuildOptions {
  readonly name: string;
  /** Controllers at the rates of a stock cluster instead of raised ones: for measurements. */
  readonly stockRates?: boolean;
  /** Write down what the API server is asked, in {@link auditLog}. `true`: by the identity `meshlift`, for tests of its rights. */
  readonly audit?: boolean | 'everyone';
  /** A real Prometheus, and a stand-in for the traffic of the mesh. */
  readonly prometheus?: boolean;
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/;

/** Builds what a flavour needs and is not in the cache yet, and nothing else. */
export async function buildSandbox({ flavour, progress }: BuildOptions): Promise<void> {
  await build({ flavour, progress });
}

async function build({ flavour, progress }: BuildOptions): Promise<ReleaseArchives> {
  const options = { cacheDir: defaultCacheDir(), progress };
  await ensureBinaries(flavourBinaries(flavour), options);
  return ensureReleaseArchives(standInsOf(flavour), options);
}

/**
 * Brings a sandbox up: a real cluster with simulated kubelets, and the stand-in for the bucket of its releases.
 * @throws SandboxError when there is one of that name already
 */
export async function upSandbox(options: UpOptions): Promise<Sandbox> {
  const { name, flavour, progress } = options;
  if (!NAME.test(name)) {
    throw new SandboxError(`"${name}" is no name for a sandbox: lower-case letters, digits and dashes, at most 30`);
  }
  const { stockRates = false } = options;
  const prometheus = await findPrometheus(options);
  const archives = await build(options);
  if (!(await claimDir(name))) {
    const state = (await readSandbox(name)) === null ? 'was left by an `up` that did not finish' : 'is up already';
    throw new SandboxError(`Sandbox "${name}" ${state}. End it with: meshlift sandbox down --name ${name}`);
  }
  const cluster = {
    name,
    flavour,
    cacheDir: defaultCacheDir(),
    archives,
    stockRates,
    audit: auditOf(options),
    prometheus,
  };
  for (let triesLeft = 2; ; triesLeft--) {
    try {
      const sandbox = await bringUp(cluster);
      progress(`sandbox ${name} is up: ${sandbox.apiServer}`);
      return sandbox;
    } catch (error) {
      await endAllProcesses(sandboxDir(name));
      // Between the look at a port and its use somebody else may take it.
      if (triesLeft === 0 || !(error as Error).message.includes('address already in use')) throw error;
      progress(`a port of sandbox ${name} was taken meanwhile; trying others ...`);
      await removeDir(name);
      await claimDir(name);
    }
  }
}

function auditOf({ audit = false }: UpOptions): Audit {
  return audit === true ? 'meshlift' : audit;
}

async function findPrometheus({ prometheus = false, progress }: UpOptions): Promise<string | null> {
  if (!prometheus) return null;
  try {
    return await ensurePrometheus(progress);
  } catch (error) {
    throw new SandboxError((error as Error).message);
  }
}

/**
 * Tells the stand-in for traffic how the requests of one revision go from now on.
 * @throws SandboxError when the sandbox has none
 */
export async function orderMetrics(
  name: string,
  order: { readonly revision: string; readonly make: Conduct; readonly periodSeconds?: number },
): Promise<void> {
  const generator = (await readSandbox(name))?.metrics?.generator;
  if (generator === undefined) {
    throw new SandboxError(
      `Sandbox "${name}" has no metrics. Bring one up with: meshlift sandbox up --name ${name} --with prometheus`,
    );
  }
  const body = JSON.stringify(conductOrderSchema.parse(order));
  const answer = await fetch(`${generator}/conduct`, { method: 'POST', body });
  if (!answer.ok)
    throw new SandboxError(`The metrics of sandbox "${name}" did not take the order: ${await answer.text()}`);
}

/** Ends every process of a sandbox and removes its folder. @returns false when there was nothing of that name */
export async function downSandbox(name: string): Promise<boolean> {
  const known = (await sandboxNames()).includes(name);
  await endAllProcesses(sandboxDir(name));
  await removeDir(name);
  return known;
}

/** One sandbox as `status` shows it. */
export interface SandboxStatus {
  readonly name: string;
  /** Null for one that did not come up. */
  readonly sandbox: Sandbox | null;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly alive: boolean }[];
  /** Processes that carry the sandbox's mark, recorded or not. */
  readonly marked: number;
}

/** What is there of one sandbox, or of all. */
export async function sandboxStatus(name?: string): Promise<SandboxStatus[]> {
  const names = (await sandboxNames()).filter((candidate) => name === undefined || candidate === name);
  return Promise.all(
    names.map(async (candidate) => ({
      name: candidate,
      sandbox: await readSandbox(candidate),
      processes: Object.entries(await recordedProcesses(sandboxDir(candidate))).map(([process, { pid, alive }]) => ({
        name: process,
        pid,
        alive,
      })),
      marked: markedProcesses(sandboxDir(candidate)).length,
    })),
  );
}
