import { chmodSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts, isFree } from '../../settings/free-ports.js';
import { endProcess, type ProcessIdentity } from '../../settings/process-identity.js';
import { readIfThere, replacePrivateFile } from '../../settings/private-file.js';
import { supervise, type SupervisedProcess } from './supervised-process.js';
import { connectLazily, DEFAULT_NAMESPACE, probeTemporal } from './temporal-target.js';

/** Must be registered, or no upgrade can be started: the workflow writes them. */
const SEARCH_ATTRIBUTES = ['MeshCluster', 'MeshPhase', 'MeshRelease', 'MeshFleet'];
const READY_WITHIN_MS = 60_000;
const GRACE_MS = 15_000;
const PROBE_EVERY_MS = 100;

const recordSchema = z.object({
  port: z.int().min(1).max(65_535),
  pid: z.int().optional(),
  startTime: z.string().optional(),
});

/**
 * Prepares the data folder for a new server: ends one that outlived a killed `serve`, because its database must have one
 * owner, and chooses the port: the one of last time as long as it is free.
 * @param file record of port and process in the data folder
 */
export async function prepareTemporal(file: string, progress: (line: string) => void): Promise<number> {
  const last = readRecord(file);
  if (last?.pid !== undefined && last.startTime !== undefined) {
    const orphan: ProcessIdentity = { pid: last.pid, startTime: last.startTime };
    await endProcess(orphan, GRACE_MS);
  }
  if (last !== null && (await isFree(last.port))) return last.port;
  const [port = 0] = await freePorts(1);
  if (last !== null) progress(`Temporal's port ${last.port} is taken; using ${port}`);
  return port;
}

/** What a development server of Temporal is started with. */
export interface TemporalServerOptions {
  readonly binary: string;
  readonly port: number;
  /** The database; it outlives the server. */
  readonly database: string;
  /** Where port and process are recorded for the next `serve`. */
  readonly record: string;
  readonly logFile: string;
  readonly onStart: (identity: ProcessIdentity) => void;
  readonly progress: (line: string) => void;
}

/** Keeps a development server of Temporal alive on its port, so that those who were connected find it again. */
export function superviseTemporal(options: TemporalServerOptions): SupervisedProcess {
  const { port, record } = options;
  // One that an earlier Meshlift left readable for others.
  if (existsSync(options.database)) chmodSync(options.database, 0o600);
  return supervise({
    name: 'Temporal',
    command: {
      file: options.binary,
      args: serverArguments(port, options.database),
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
    },
    logFile: options.logFile,
    privateFiles: true,
    channel: false,
    onStart(identity) {
      replacePrivateFile(record, `${JSON.stringify({ port, ...identity })}\n`);
      options.onStart(identity);
    },
    untilReady: (_child, signal) => untilItAnswers(port, signal),
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
    progress: options.progress,
  });
}

function serverArguments(port: number, database: string): string[] {
  return [
    ...['server', 'start-dev', '--headless'],
    ...['--ip', '127.0.0.1', '--port', String(port)],
    ...['--db-filename', database],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...['--log-level', 'warn'],
  ];
}

async function untilItAnswers(port: number, signal: AbortSignal): Promise<void> {
  const connection = connectLazily({ connection: { address: `127.0.0.1:${port}` } });
  try {
    for (;;) {
      signal.throwIfAborted();
      const answers = await probeTemporal(connection, DEFAULT_NAMESPACE).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await delay(PROBE_EVERY_MS, undefined, { signal });
    }
  } finally {
    await connection.close();
  }
}

function readRecord(file: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(readIfThere(file) ?? ''));
  } catch {
    return null;
  }
}
