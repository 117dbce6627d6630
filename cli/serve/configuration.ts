import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultConfigFile } from '../../settings/paths.js';
import { loadSettings, parseSettings, type Settings } from '../../settings/settings.js';
import { replacePrivateFile } from '../../settings/private-file.js';

/** The configuration of a server, and the file that its worker reads it from. */
export interface Configuration {
  readonly file: string;
  readonly settings: Settings;
}

/** Where the configuration comes from. */
export interface ConfigurationChoice {
  /** Named by the caller; must be there. */
  readonly configFile: string | undefined;
  /** File to write when the default one is not there. */
  readonly emptyConfig: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
}

/**
 * Loads the configuration. A file that somebody named must be there; without the default one the server knows no cluster.
 * @throws SettingsError with a sentence that names the file and every wrong field
 */
export async function loadConfiguration(choice: ConfigurationChoice): Promise<Configuration> {
  const file = resolve(choice.configFile ?? defaultConfigFile(choice.env));
  const named = choice.configFile !== undefined || choice.env['MESHLIFT_CONFIG'] !== undefined;
  if (named || existsSync(file)) return { file, settings: await loadSettings(file) };
  choice.progress(`no cluster is registered: write ${file}, or name another file with --config`);
  replacePrivateFile(choice.emptyConfig, 'clusters: []\n');
  return { file: choice.emptyConfig, settings: parseSettings('', choice.emptyConfig) };
}
