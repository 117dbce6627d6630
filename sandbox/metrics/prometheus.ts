import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { stringify } from 'yaml';
import { nodeCommand } from '../../settings/node-command.js';
import type { ProcessSpec } from '../cluster/processes.js';
import { runTool } from '../exec.js';

/** Where the metrics of a sandbox are. */
export interface SandboxMetrics {
  readonly prometheus: string;
  /** Address of the generator, which takes orders at `/conduct`. */
  readonly generator: string;
}

const SCRAPE_SECONDS = 1;
/** What rates are taken over: some samples more than one. */
export const WINDOW = '10s';

/**
 * The path of a Prometheus. Where there is none, Debian's package is installed, which only root can.
 * @throws Error that says what to install
 */
export async function ensurePrometheus(progress: (line: string) => void): Promise<string> {
  const found = inPath('prometheus');
  if (found !== null) return found;
  const apt = inPath('apt-get');
  if (apt === null || process.getuid?.() !== 0) {
    const how = apt === null ? 'from https://prometheus.io/download' : 'with: sudo apt-get install prometheus';
    throw new Error(`There is no prometheus in PATH, and only root may install one. Install it ${how}`);
  }
  progress("installing Debian's prometheus ...");
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runTool(apt, ['update', '-qq'], { env });
  await runTool(apt, ['install', '-y', '--no-install-recommends', 'prometheus'], { env });
  const installed = inPath('prometheus');
  if (installed === null) throw new Error('apt-get has installed prometheus, and there still is none in PATH');
  return installed;
}

function inPath(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Another folder may have it.
    }
  }
  return null;
}

/** Writes the configuration: one target, whose series carry the labels that a scrape of each pod would give them. */
export async function writePrometheusConfig(dir: string, generatorPort: number): Promise<void> {
  const target = { targets: [`127.0.0.1:${generatorPort}`] };
  const config = {
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS}s` },
    scrape_configs: [{ job_name: 'mesh', honor_labels: true, static_configs: [target] }],
  };
  await writeFile(join(dir, 'prometheus.yml'), stringify(config), { mode: 0o600 });
}

export function prometheusProcess(dir: string, file: string, port: number): ProcessSpec {
  return {
    name: 'prometheus',
    file,
    args: [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'prometheus')}`,
      '--storage.tsdb.retention.time=6h',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  };
}

export function generatorProcess(dir: string, port: number): ProcessSpec {
  const entry = new URL('generator-process.js', import.meta.url);
  return { name: 'metrics-generator', ...nodeCommand(entry, [dir, String(port)]) };
}
