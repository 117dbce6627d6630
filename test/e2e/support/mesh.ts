import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServe, type Serve } from '../../../cli/serve/start-serve.js';
import { downSandbox, seedSandbox, upSandbox, type Flavour, type Sandbox } from '../../../sandbox/sandbox.js';
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

/** Brings up a seeded sandbox of that name and a Meshlift that knows it. */
export async function startMesh(name: string, flavour: Flavour = 'asm16', audit = false): Promise<Mesh> {
  const progress = (line: string) => void process.stderr.write(`[${name}] ${line}\n`);
  await downSandbox(name);
  const sandbox = await upSandbox({ name, flavour, progress, audit });
  await seedSandbox(name, { progress });
  const dataDir = await mkdtemp(join(tmpdir(), `meshlift-e2e-${name}-`));
  const serve: Serve = await startServe({ configFile: sandbox.configFile, dataDir, port: 0, progress });
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
