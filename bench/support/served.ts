import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../cli/serve/endpoint.js';
import { dataPaths } from '../../settings/paths.js';
import { nodeCommand } from '../../settings/node-command.js';
import { endProcess, identify } from '../../settings/process-identity.js';
import { ApiClient } from '../../test/e2e/support/api-client.js';
import { killTree } from '../../test/support/kill.js';
import { untilSo } from './at-once.js';
import { readHistories, type Histories } from './histories.js';

/** A real `meshlift serve`, in processes of its own. */
export interface Served {
  readonly api: ApiClient;
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  /** Read afresh: they change when a part is started again. */
  pids(): Promise<{ api: number; worker: number; temporal: number }>;
  histories(): Promise<Histories>;
  /** Ends it. @param keep leave its folder, with the logs in it */
  stop(keep?: boolean): Promise<void>;
}

const READY_WITHIN_MS = 120_000;
const GRACE_MS = 40_000;

/** Starts `meshlift serve` with an empty data folder, and waits until all its parts are ready. */
export async function startServed(configFile: string): Promise<Served> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meshlift-bench-'));
  const paths = dataPaths(dataDir);
  const log = await open(join(dataDir, 'serve.log'), 'a');
  const args = ['serve', '--config', configFile, '--data-dir', dataDir, '--port', '0'];
  const { file, args: argv, cwd } = nodeCommand(new URL('../../cli/main.js', import.meta.url), args);
  const child = spawn(file, argv, { cwd, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  if (child.pid === undefined) throw new Error('meshlift serve could not be started');
  const identity = identify(child.pid);
  // Nothing of it may outlive this process, whatever ends it.
  const killAll = () => killTree(identity.pid);
  process.once('exit', killAll);
  const endpoint = async () => JSON.parse(await readFile(paths.endpoint, 'utf8')) as Endpoint;
  await untilSo(`meshlift serve (log in ${dataDir})`, READY_WITHIN_MS, () => {
    if (child.exitCode !== null)
      throw new Error(`meshlift serve ended with ${child.exitCode}; its log is in ${dataDir}`);
    return existsSync(paths.endpoint);
  });
  const { url } = await endpoint();
  const token = (await readFile(paths.token, 'utf8')).trim();
  return {
    api: new ApiClient(url, token),
    url,
    token,
    dataDir,
    async pids() {
      const { pid, workerPid, temporalPid } = await endpoint();
      return { api: pid, worker: workerPid ?? 0, temporal: temporalPid ?? 0 };
    },
    async histories() {
      const { port } = JSON.parse(await readFile(paths.temporalProcess, 'utf8')) as { port: number };
      return readHistories(`127.0.0.1:${port}`);
    },
    async stop(keep = false) {
      await endProcess(identity, GRACE_MS);
      process.off('exit', killAll);
      if (!keep) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
