import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath } from '../binaries/index.js';
import { readSandbox, type Sandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { ensureReleaseArchives } from '../releases/archives.js';
import { shopManifests, shopWorkloads } from './shop.js';

/** The version that the old control plane carries: a patch that the guide lets through to 1.6.14. */
export const SEEDED_VERSION = '1.6.13';

/** Told, line by line, how it goes. */
interface SeedOptions {
  readonly progress: (line: string) => void;
  /** Only these namespaces of the shop: a small mesh for tests of many runs. @default all */
  readonly only?: readonly string[];
}

/**
 * Installs Istio 1.6 with the real istioctl, opens the demo shop in it, and waits until every pod is Ready.
 * @throws Error when there is no such sandbox, or it is of another flavour
 */
export async function seedSandbox(name: string, { progress, only }: SeedOptions): Promise<void> {
  const sandbox = await readSandbox(name);
  if (sandbox === null) throw new Error(`there is no sandbox "${name}"; bring it up first`);
  if (sandbox.flavour !== 'asm16')
    throw new Error(`sandbox "${name}" is of flavour ${sandbox.flavour}; only asm16 is seeded`);
  progress(`installing Istio ${SEEDED_VERSION} with the real istioctl ...`);
  await installOldIstio(sandbox, progress);
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

/** Upstream's istioctl 1.6 with the archive's charts; the images are never pulled, their tag is what can be seen. */
async function installOldIstio(sandbox: Sandbox, progress: (line: string) => void): Promise<void> {
  const cacheDir = defaultCacheDir();
  const { unpacked } = await ensureReleaseArchives({ cacheDir, progress });
  const manifests = join(unpacked, 'manifests');
  await runTool(binaryPath(cacheDir, 'istioctl-1.6.14'), [
    'install',
    `--kubeconfig=${sandbox.adminKubeconfig}`,
    `--charts=${manifests}`,
    `--set=profile=${join(manifests, 'profiles', 'default.yaml')}`,
    `--set=hub=gcr.io/istio-release`,
    `--set=tag=${SEEDED_VERSION}`,
    '--readiness-timeout=120s',
    '--wait',
  ]);
}

function byNamespace(only?: readonly string[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { namespace, workload } of shopWorkloads(only)) {
    map.set(namespace, [...(map.get(namespace) ?? []), workload]);
  }
  return map;
}
