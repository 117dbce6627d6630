import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where Meshlift keeps what must outlive a restart: token, Temporal's database, journals and snapshots of runs. */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env): string {
  return env['MESHLIFT_DATA_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'meshlift');
}

/** Where Meshlift keeps what can be fetched or built again: binaries of the sandbox, Temporal, release archives. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env['MESHLIFT_CACHE_DIR'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'meshlift');
}

/** Where the configuration file is looked for when none is named. */
export function defaultConfigFile(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env['MESHLIFT_CONFIG'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'meshlift', 'config.yaml')
  );
}

/** Files and folders inside the data folder. */
export function dataPaths(dataDir: string) {
  return {
    token: join(dataDir, 'token'),
    endpoint: join(dataDir, 'endpoint.json'),
    temporalDatabase: join(dataDir, 'temporal.sqlite'),
    temporalProcess: join(dataDir, 'temporal.json'),
    runs: join(dataDir, 'runs'),
    serverId: join(dataDir, 'server-id'),
  } as const;
}
