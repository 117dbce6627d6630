import type { Flavour } from '../binaries/index.js';
import { readSandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { SOURCE_1_5 } from '../releases/stand-ins.js';
import { installIstio15, installIstio16, type Installer } from './install-istio.js';
import { shopManifests, shopWorkloads } from './shop.js';

/** What the old control plane calls itself: a patch that the guide lets through to 1.6.14. */
const SEEDS: Partial<Record<Flavour, { readonly version: string; readonly install: Installer }>> = {
  asm16: { version: '1.6.13', install: installIstio16 },
  asm15: { version: SOURCE_1_5.version, install: installIstio15 },
};

/** Whether there is an old Istio for a flavour, and so a shop in it. */
export function isSeedable(flavour: Flavour): boolean {
  return flavour in SEEDS;
}

/** Told, line by line, how it goes. */
interface SeedOptions {
  readonly progress: (line: string) => void;
  /** Only these namespaces of the shop: a small mesh for tests of many runs. @default all */
  readonly only?: readonly string[];
}

/**
 * Installs the old Istio of the flavour with its real istioctl, opens the demo shop in it, and waits until every pod is Ready.
 * @throws Error when there is no such sandbox, or it is of another flavour
 */
export async function seedSandbox(name: string, { progress, only }: SeedOptions): Promise<void> {
  const sandbox = await readSandbox(name);
  if (sandbox === null) throw new Error(`there is no sandbox "${name}"; bring it up first`);
  const seed = SEEDS[sandbox.flavour];
  if (seed === undefined) throw new Error(`sandbox "${name}" is of flavour ${sandbox.flavour}, which is not seeded`);
  progress(`installing Istio ${seed.version} with the real istioctl ...`);
  await seed.install(sandbox, seed.version);
  const kubectl = (args: readonly string[], input?: string) =>
    runTool(sandbox.kubectl, ['--kubeconfig', sandbox.adminKubeconfig, ...args], input === undefined ? {} : { input });
  progress('opening the demo shop ...');
  const list = { apiVersion: 'v1', kind: 'List', items: shopManifests(only) };
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
