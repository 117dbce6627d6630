import { join } from 'node:path';
import { dataPaths } from '../../settings/paths.js';

/** What `serve` keeps in the data folder, beside what the other parts keep there. */
export function servePaths(dataDir: string) {
  const logs = join(dataDir, 'logs');
  return {
    ...dataPaths(dataDir),
    lock: join(dataDir, 'lock'),
    /** Stands in for the default configuration file where there is none. */
    emptyConfig: join(dataDir, 'no-clusters.yaml'),
    /** Temporal configuration file for the worker, and for a person with the `temporal` command. */
    temporalProfile: join(dataDir, 'temporal.toml'),
    logs,
    apiLog: join(logs, 'api.log'),
    workerLog: join(logs, 'worker.log'),
    temporalLog: join(logs, 'temporal.log'),
  } as const;
}
