import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startServe, type Serve } from '../../../cli/serve/start-serve.js';
import {
  downSandbox,
  seedSandbox,
  upSandbox,
  type Flavour,
  type Sandbox,
  type Scenario,
} from '../../../sandbox/sandbox.js';
import { ApiClient } from './api-client.js';
import { MeshFacts } from './mesh-facts.js';

/** A real mesh in a sandbox, a running Meshlift, and the tests' own eyes on both. */
export interface Mesh {
  readonly sandbox: Sandbox;
  readonly cluster: string;
  readonly dataDir: string;
  readonly api: ApiClient;
  readonly facts: MeshFacts;
  /** Process ids of the parts of `serve`, read afresh: they change when a part is started again. */
  pids(): Promise<{ worker: number; temporal: number }>;
  stop(): Promise<void>;
}

/** Texts of overlay files, by the names that requests use. */
type Overlays = Readonly<Record<string, string>>;

interface Extras {
  readonly overlays?: Overlays;
  /** Whether the API server writes down every request. */
  readonly audit?: boolean;
  /** How the mesh of the flavour is set up. */
  readonly scenario?: Scenario;
  /** Whether there is a Prometheus, and a stand-in for traffic. */
  readonly prometheus?: boolean;
}

/** Brings up a seeded sandbox of that name and a Meshlift that knows it. */
export async function startMesh(name: string, flavour: Flavour = 'asm16', extras: Extras = {}): Promise<Mesh> {
  const { overlays = {}, audit = false, prometheus = false, scenario } = extras;
  const progress = (line: string) => void process.stderr.write(`[${name}] ${line}\n`);
  await downSandbox(name);
  const sandbox = await upSandbox({ name, flavour, progress, audit, prometheus });
  await seedSandbox(name, { progress, ...(scenario && { scenario }) });
  const dataDir = await mkdtemp(join(tmpdir(), `meshlift-e2e-${name}-`));
  const configFile = await configWith(overlays, sandbox.configFile, dataDir);
  const serve: Serve = await startServe({ configFile, dataDir, port: 0, progress });
  return {
    sandbox,
    cluster: name,
    dataDir,
    api: new ApiClient(serve.url, serve.token),
    facts: new MeshFacts(sandbox.kubectl, sandbox.adminKubeconfig),
    async pids() {
      const endpoint = JSON.parse(await readFile(join(dataDir, 'endpoint.json'), 'utf8')) as Record<string, number>;
      return { worker: endpoint['workerPid'] ?? 0, temporal: endpoint['temporalPid'] ?? 0 };
    },
    async stop() {
      await serve.stop();
      await downSandbox(name);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The sandbox's configuration, with overlay files registered in it. */
async function configWith(overlays: Overlays, configFile: string, dir: string): Promise<string> {
  if (Object.keys(overlays).length === 0) return configFile;
  const settings = parse(await readFile(configFile, 'utf8')) as object;
  const files = Object.keys(overlays).map((name) => [name, overlayFile(dir, name)] as const);
  for (const [name, file] of files) await writeFile(file, overlays[name] ?? '');
  const written = join(dir, 'config.yaml');
  await writeFile(written, stringify({ ...settings, overlays: Object.fromEntries(files) }));
  return written;
}

/** Where a registered overlay of a test's mesh lies. */
export function overlayFile(dataDir: string, name: string): string {
  return join(dataDir, `${name}.yaml`);
}
