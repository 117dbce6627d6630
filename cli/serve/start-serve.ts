import { chmodSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { serveApi } from './api-part.js';
import { loadConfiguration } from './configuration.js';
import { lockDataDir } from './data-lock.js';
import { createEndpointFile, type EndpointFile } from './endpoint.js';
import { temporalStatus, workerStatus, type PartStatus } from './parts.js';
import { servePaths } from './serve-paths.js';
import type { SupervisedProcess } from './supervised-process.js';
import { createTeardown, type Teardown } from './teardown.js';
import { findTemporal } from './temporal-binary.js';
import { prepareTemporal, superviseTemporal } from './temporal-server.js';
import { connectLazily, embeddedTarget, externalTarget, type TemporalTarget } from './temporal-target.js';
import { ensureToken } from './token.js';
import { superviseWorker } from './worker-process.js';

/** How a server is started. */
export interface ServeOptions {
  /** Default: `MESHLIFT_CONFIG`, then the user's own configuration file; without any, no cluster is known. */
  readonly configFile?: string;
  /** Holds what must outlive a restart; made when it is not there. */
  readonly dataDir: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  readonly progress: (line: string) => void;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
}

/** A running server: API, worker and, unless it is somebody else's, Temporal. */
export interface Serve {
  readonly url: string;
  readonly token: string;
  readonly clusters: readonly string[];
  /** What is ready, as `/readyz` says it. */
  parts(): Promise<readonly PartStatus[]>;
  /** Ends everything in order: no new requests, the worker with its time of grace, Temporal, the lock. May be called twice. */
  stop(): Promise<void>;
  /** Ends the child processes without asking. The last resort; what it leaves is put right by the next start. */
  kill(): void;
}

/** What the parts of one start share. */
interface Start {
  readonly options: ServeOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly paths: ReturnType<typeof servePaths>;
  readonly teardown: Teardown;
  readonly endpoint: EndpointFile;
  /** The child processes, in the order of their start. */
  readonly children: SupervisedProcess[];
}

/**
 * Starts Meshlift: the API in this process, the worker as a child, and Temporal as another unless `TEMPORAL_ADDRESS` names
 * one. Resolves when all parts are ready; a part that dies later is started again.
 * @throws SettingsError, MissingPrerequisite, or ServeError with what is wrong; then nothing is left running
 */
export async function startServe(options: ServeOptions): Promise<Serve> {
  const env = options.env ?? process.env;
  const paths = servePaths(resolve(options.dataDir));
  for (const folder of [resolve(options.dataDir), paths.logs]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
  }
  const teardown = createTeardown();
  const lock = lockDataDir(paths.lock);
  teardown.add(() => lock.release());
  const children: SupervisedProcess[] = [];
  // Whoever waits for a child that is ended gets an error: so an interrupted start takes itself down.
  const interrupt = () => void Promise.all(children.map((child) => child.stop()));
  options.signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const endpoint = createEndpointFile(paths.endpoint);
    teardown.add(() => endpoint.remove());
    const serve = await startParts({ options, env, paths, teardown, endpoint, children });
    options.signal?.throwIfAborted();
    return serve;
  } catch (error) {
    await teardown.run().catch(() => undefined);
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
  }
}

async function startParts(start: Start): Promise<Serve> {
  const { options, env, paths, teardown, endpoint, children } = start;
  const configFile = options.configFile;
  const { progress } = options;
  const configuration = await loadConfiguration({ configFile, emptyConfig: paths.emptyConfig, env, progress });
  const token = ensureToken(paths.token);
  const temporal = await chooseTemporal(start);
  const connection = connectLazily(temporal.target);
  teardown.add(() => connection.close());

  let worker: SupervisedProcess | null = null;
  const parts = async () => [await temporalStatus(connection, temporal.target.namespace), workerStatus(worker)];
  const api = await serveApi({
    settings: configuration.settings,
    env,
    connection,
    namespace: temporal.target.namespace,
    token,
    readiness: parts,
    runsDir: paths.runs,
    logFile: paths.apiLog,
    host: options.host ?? '127.0.0.1',
    port: options.port,
  });
  teardown.add(() => api.close());

  await temporal.up();
  options.signal?.throwIfAborted();
  worker = startWorker(start, temporal.target, configuration.file);
  await worker.started;
  endpoint.update({ url: api.url });
  // Once more, on top of the children: whoever is asked to stop first takes no new requests.
  teardown.add(() => api.close());
  return {
    url: api.url,
    token,
    clusters: configuration.settings.clusters.map(({ id }) => id),
    parts,
    stop: () => teardown.run(),
    kill: () => children.forEach((child) => child.kill()),
  };
}

/** A Temporal that is not necessarily up yet. */
interface ChosenTemporal {
  readonly target: TemporalTarget;
  /** Brings it up where it is ours. */
  up(): Promise<void>;
}

async function chooseTemporal(start: Start): Promise<ChosenTemporal> {
  const { options, env, paths, endpoint } = start;
  const { progress } = options;
  if (env['TEMPORAL_ADDRESS']) {
    progress(`using Temporal at ${env['TEMPORAL_ADDRESS']}`);
    return { target: externalTarget(env), up: () => Promise.resolve() };
  }
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const binary = await findTemporal({ cacheDir: defaultCacheDir(env), progress, ...signal });
  const port = await prepareTemporal(paths.temporalProcess, progress);
  const up = async () => {
    options.signal?.throwIfAborted();
    progress('starting Temporal ...');
    const server = superviseTemporal({
      binary,
      port,
      database: paths.temporalDatabase,
      record: paths.temporalProcess,
      logFile: paths.temporalLog,
      onStart: ({ pid }) => endpoint.update({ temporalPid: pid }),
      progress,
    });
    keep(start, server);
    await server.started;
  };
  return { target: embeddedTarget(port, env, paths.temporalProfile), up };
}

function startWorker(start: Start, target: TemporalTarget, configFile: string): SupervisedProcess {
  const { options, env, paths, endpoint } = start;
  options.progress('starting the worker ...');
  const worker = superviseWorker({
    env: {
      ...target.env,
      MESHLIFT_CONFIG: configFile,
      MESHLIFT_DATA_DIR: resolve(options.dataDir),
      MESHLIFT_CACHE_DIR: resolve(defaultCacheDir(env)),
    },
    logFile: paths.workerLog,
    onStart: ({ pid }) => endpoint.update({ workerPid: pid }),
    progress: options.progress,
  });
  keep(start, worker);
  return worker;
}

/** Children are taken down in the reverse order of their start: the worker before the Temporal that it talks to. */
function keep({ children, teardown }: Start, child: SupervisedProcess): void {
  children.push(child);
  teardown.add(() => child.stop());
}
