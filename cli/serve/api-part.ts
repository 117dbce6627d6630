import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Connection } from '@temporalio/client';
import { pino } from 'pino';
import { createRunJournal } from '../../activities/audit/run-journal.js';
import { startApi } from '../../api/server.js';
import { createTemporalRuns } from '../../api/temporal-runs.js';
import { loadCatalogue } from '../../settings/catalogue.js';
import type { Settings } from '../../settings/settings.js';
import type { PartStatus } from './parts.js';
import { ServeError } from './serve-error.js';

/** What the API of an embedded server stands on. */
export interface ApiPartOptions {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly connection: Connection;
  readonly namespace: string;
  readonly token: string;
  readonly readiness: () => Promise<readonly PartStatus[]>;
  /** Folder of the runs' journals, which the worker writes. */
  readonly runsDir: string;
  readonly logFile: string;
  readonly host: string;
  readonly port: number;
}

/** The API of this process. */
export interface ApiPart {
  readonly url: string;
  /** Stops listening and ends open streams. May be called twice. */
  close(): Promise<void>;
}

/** A request that looks at a whole cluster may last longer than anybody wants to wait for the end. */
const CLOSE_WITHIN_MS = 5_000;

/**
 * Starts the API in this process. Temporal need not be up yet: until then the API says that it is not ready.
 * @throws ServeError when the port is taken
 */
export async function serveApi(options: ApiPartOptions): Promise<ApiPart> {
  const { settings, host, port } = options;
  const catalogue = loadCatalogue(settings, options.env);
  const logger = pino({ level: 'info' }, pino.destination({ dest: options.logFile, mode: 0o600, sync: true }));
  const deps = {
    clusters: settings.clusters.map(({ id, role, labels }) => ({ id, role, labels })),
    releases: catalogue.releases,
    overlays: Object.keys(settings.overlays),
    token: options.token,
    runs: createTemporalRuns(new Client({ connection: options.connection, namespace: options.namespace })),
    journal: createRunJournal({ dir: options.runsDir }),
    readiness: options.readiness,
    logger,
  };
  const api = await startApi({ deps, host, port }).catch((error: unknown) => {
    throw inWords(error, host, port);
  });
  let closing: Promise<void> | null = null;
  const close = () => Promise.race([api.close(), delay(CLOSE_WITHIN_MS, undefined, { ref: false })]);
  return { url: api.url, close: () => (closing ??= close()) };
}

function inWords(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return new ServeError(`Port ${port} of ${host} is taken; choose another with --port.`);
  if (code === 'EACCES') return new ServeError(`Port ${port} of ${host} may not be used; choose one above 1023.`);
  if (code === 'EADDRNOTAVAIL') return new ServeError(`${host} is no address of this machine; choose another --host.`);
  return error;
}
