import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { endProcess } from '../../settings/process-identity.js';
import { apiServer, auditLog, controllerManager, etcd, kwok, scheduler, type ClusterLayout } from './components.js';
import { untilReady } from './eventually.js';
import { readLayout, writeLayout } from './layout.js';
import { forgetProcess, markedProcesses, recordedProcesses, startProcess } from './processes.js';
import { readSandbox, sandboxDir, type Sandbox } from './state.js';
import { controllerOf } from './up.js';

/** Parts that keep running: what they hold is no state of the cluster. */
const STAYS = ['bucket'];
/** An API server may take a minute to say good-bye, and has nothing to lose: the database is another process. */
const API_SERVER_GRACE_MS = 300;
const ETCD_GRACE_MS = 10_000;

const frozen = (dir: string) => join(dir, 'etcd.frozen');

/**
 * Keeps the present state of a cluster, so that {@link thawSandbox} can bring it back: for measurements that must begin from
 * equal states. The cluster is stopped for it, and stays so.
 * @throws Error when there is no sandbox of that name
 */
export async function freezeSandbox(name: string): Promise<void> {
  const { dir } = await sandboxOf(name);
  await stopParts(dir);
  await rm(frozen(dir), { recursive: true, force: true });
  await cp(join(dir, 'etcd'), frozen(dir), { recursive: true });
}

/**
 * Brings a cluster back to the state that was frozen, whatever became of it since: every object with the id it had.
 * The controllers may be given other rates than before.
 * @throws Error when there is no sandbox of that name, or nothing was frozen
 */
export async function thawSandbox(name: string, { stockRates }: { readonly stockRates: boolean }): Promise<Sandbox> {
  const sandbox = await sandboxOf(name);
  const { dir } = sandbox;
  const layout = { ...(await readLayout(dir, defaultCacheDir())), stockRates };
  await stopParts(dir);
  await rm(join(dir, 'etcd'), { recursive: true, force: true });
  await rm(auditLog(dir), { force: true });
  await cp(frozen(dir), join(dir, 'etcd'), { recursive: true });
  await writeLayout(layout);
  await startParts(layout, sandbox);
  return sandbox;
}

/** Whether a state of the sandbox of that name was frozen. */
export function isFrozen(name: string): boolean {
  return existsSync(frozen(sandboxDir(name)));
}

async function sandboxOf(name: string): Promise<Sandbox> {
  const sandbox = await readSandbox(name);
  if (sandbox === null) throw new Error(`there is no sandbox "${name}"; bring it up first`);
  return sandbox;
}

/** First what writes into the cluster, then the API server, and the database last. */
async function stopParts(dir: string): Promise<void> {
  const { controller, 'kube-apiserver': server, etcd: database, ...others } = await recordedProcesses(dir);
  if (controller !== undefined) await endProcess(controller, 3_000);
  const writers = Object.entries(others).filter(([name]) => !STAYS.includes(name));
  await Promise.all(writers.map(([, identity]) => endProcess(identity, 1_000)));
  if (server !== undefined) await endProcess(server, API_SERVER_GRACE_MS);
  if (database !== undefined) await endProcess(database, ETCD_GRACE_MS);
  const staying = new Set(STAYS.map((name) => others[name]?.pid));
  const left = markedProcesses(dir).filter(({ pid }) => !staying.has(pid));
  await Promise.all(left.map((identity) => endProcess(identity, 1_000)));
  for (const [name] of writers) await forgetProcess(dir, name);
  await rm(join(dir, 'istiod'), { recursive: true, force: true });
}

async function startParts(layout: ClusterLayout, { dir, flavour, adminKubeconfig }: Sandbox): Promise<void> {
  const start = (specs: readonly Parameters<typeof startProcess>[1][]) =>
    Promise.all(specs.map((spec) => startProcess(dir, spec)));
  await rm(join(dir, 'network.sock'), { force: true });
  await start([etcd(layout), controllerOf(dir, { flavour, cacheDir: defaultCacheDir() }), apiServer(layout)]);
  await untilReady(adminKubeconfig);
  await start([controllerManager(layout), scheduler(layout), kwok(layout)]);
}
