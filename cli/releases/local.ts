import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Places } from '../../activities/releases/release-for.js';
import { loadCatalogue } from '../../settings/catalogue.js';
import { defaultCacheDir, defaultConfigFile, defaultDataDir } from '../../settings/paths.js';
import { loadSettings, parseSettings, type Settings } from '../../settings/settings.js';

/** Options of the commands that work on the server's own machine, without the server. */
export interface LocalFlags {
  readonly config?: string;
  readonly dataDir?: string;
}

/** The configuration file that a local command uses. One that nobody named need not be there. */
export interface LocalConfig {
  readonly file: string;
  readonly settings: Settings;
}

/** Reads the configuration as `meshlift serve` would. @throws SettingsError */
export async function localConfig({ config }: LocalFlags, env: NodeJS.ProcessEnv): Promise<LocalConfig> {
  const file = resolve(config ?? defaultConfigFile(env));
  const named = config !== undefined || env['MESHLIFT_CONFIG'] !== undefined;
  const settings = named || existsSync(file) ? await loadSettings(file) : parseSettings('', file);
  return { file, settings };
}

/** Where releases come from and where the worker of this machine looks for them. @throws SettingsError */
export async function localPlaces(flags: LocalFlags, env: NodeJS.ProcessEnv): Promise<Places> {
  const { settings } = await localConfig(flags, env);
  return {
    catalogue: loadCatalogue(settings, env),
    cacheDir: defaultCacheDir(env),
    dataDir: resolve(flags.dataDir ?? defaultDataDir(env)),
  };
}
