import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServe, type Serve } from '../../cli/serve/start-serve.js';
import { downSandbox, seedSandbox, upSandbox, type Flavour, type Scenario } from '../../sandbox/sandbox.js';
import { ApiClient } from '../e2e/support/api-client.js';
import { MeshFacts } from '../e2e/support/mesh-facts.js';
import type { Mesh } from '../e2e/support/mesh.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';

/** A small real mesh, and a Meshlift whose every request to it passes a proxy. The tests' own eyes do not. */
export interface ProxiedMesh extends Mesh {
  readonly proxy: FaultProxy;
  readonly serve: Serve;
}

/** Two namespaces with sidecars, seven workloads of two kinds. */
export const SMALL_SHOP: readonly string[] = ['catalog', 'cart'];

interface ProxiedMeshSpec {
  readonly only?: readonly string[];
  readonly flavour?: Flavour;
  readonly scenario?: Scenario;
}

export async function startProxiedMesh(
  name: string,
  { only = SMALL_SHOP, flavour = 'asm16', scenario }: ProxiedMeshSpec = {},
): Promise<ProxiedMesh> {
  const progress = (line: string) => void process.stderr.write(`[${name}] ${line}\n`);
  await downSandbox(name);
  const sandbox = await upSandbox({ name, flavour, progress });
  await seedSandbox(name, { progress, only, ...(scenario && { scenario }) });
  const proxy = await startFaultProxy(sandbox);
  const dataDir = await mkdtemp(join(tmpdir(), `meshlift-${name}-`));
  const serve = await startServe({ configFile: proxy.configFile, dataDir, port: 0, progress });
  return {
    sandbox,
    proxy,
    serve,
    cluster: name,
    dataDir,
    api: new ApiClient(serve.url, serve.token),
    facts: new MeshFacts(sandbox.kubectl, sandbox.adminKubeconfig),
    pids: () => pidsIn(dataDir),
    async stop() {
      await serve.stop();
      await proxy.close();
      await downSandbox(name);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Process ids of the parts of the Meshlift with this data folder. */
async function pidsIn(dataDir: string): Promise<{ worker: number; temporal: number }> {
  const endpoint = JSON.parse(await readFile(join(dataDir, 'endpoint.json'), 'utf8')) as Record<string, number>;
  return { worker: endpoint['workerPid'] ?? 0, temporal: endpoint['temporalPid'] ?? 0 };
}
