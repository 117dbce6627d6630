import { defaultCacheDir } from '../../settings/paths.js';
import { ensureBinaries } from '../binaries/index.js';
import { readSandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { seedOf, type Scenario } from './scenarios.js';
import { shopManifests, shopWorkloads } from './shop.js';

/** Told, line by line, how it goes. */
interface SeedOptions {
  readonly progress: (line: string) => void;
  /** Only these namespaces of the shop: a small mesh for tests of many runs. @default all */
  readonly only?: readonly string[];
  /** How a mesh of current Istio is made; the other flavours know one way only. @default labels */
  readonly scenario?: Scenario;
}

/**
 * Installs the old Istio of the flavour with its real istioctl, opens the demo shop in it, and waits until every pod is Ready.
 * @throws Error when there is no such sandbox, or its flavour does not know the scenario
 */
export async function seedSandbox(name: string, { progress, only, scenario }: SeedOptions): Promise<void> {
  const sandbox = await readSandbox(name);
  if (sandbox === null) throw new Error(`there is no sandbox "${name}"; bring it up first`);
  const seed = seedOf(sandbox.flavour, scenario);
  await ensureBinaries(seed.binaries ?? [], { cacheDir: defaultCacheDir(), progress });
  progress(`installing Istio ${seed.version} with the real istioctl ...`);
  await seed.install(sandbox, seed.version);
  const kubectl = (args: readonly string[], input?: string) =>
    runTool(sandbox.kubectl, ['--kubeconfig', sandbox.adminKubeconfig, ...args], input === undefined ? {} : { input });
  progress('opening the demo shop ...');
  const list = { apiVersion: 'v1', kind: 'List', items: shopManifests(only, seed.asking) };
  await kubectl(['apply', '-f', '-'], JSON.stringify(list));
  await Promise.all(
    [...byNamespace(only)].map(([namespace, workloads]) =>
      kubectl(['rollout', 'status', '-n', namespace, '--timeout=120s', ...workloads.slice(0, 1)]).then(async () => {
        for (const workload of workloads.slice(1)) {
          await kubectl(['rollout', 'status', '-n', namespace, '--timeout=120s', workload]);
        }
      }),
    ),
  );
  progress(`the shop is open: ${shopWorkloads(only).length} workloads`);
}

function byNamespace(only?: readonly string[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { namespace, workload } of shopWorkloads(only)) {
    map.set(namespace, [...(map.get(namespace) ?? []), workload]);
  }
  return map;
}
