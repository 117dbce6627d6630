import { dirname, join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath } from '../binaries/index.js';
import type { Sandbox } from '../cluster/state.js';
import { runTool, ToolError } from '../exec.js';
import { unpackedRelease } from '../releases/archives.js';
import { SOURCE_1_5, TARGET } from '../releases/stand-ins.js';

/** Installs an old Istio in a sandbox. @param version the tag of its images: they are never pulled, it is what can be seen */
type Installer = (sandbox: Sandbox, version: string) => Promise<void>;

/** Upstream's istioctl 1.6 with the archive's charts. */
export const installIstio16: Installer = async (sandbox, version) => {
  const cacheDir = defaultCacheDir();
  const manifests = join(unpackedRelease(cacheDir, TARGET), 'manifests');
  await runTool(binaryPath(cacheDir, 'istioctl-1.6.14'), [
    'install',
    `--kubeconfig=${sandbox.adminKubeconfig}`,
    `--charts=${manifests}`,
    `--set=profile=${join(manifests, 'profiles', 'default.yaml')}`,
    `--set=hub=gcr.io/istio-release`,
    `--set=tag=${version}`,
    '--readiness-timeout=120s',
    '--wait',
  ]);
};

/**
 * The archive's own istioctl 1.5: it has `manifest apply` only, and runs the kubectl that it finds in PATH. It also fails
 * on deprecation warnings when everything was applied, so that what is there decides.
 */
export const installIstio15: Installer = async (sandbox) => {
  const istioctl = join(unpackedRelease(defaultCacheDir(), SOURCE_1_5), 'bin', 'istioctl');
  const args = ['manifest', 'apply', '--skip-confirmation', '--set', 'profile=asm-multicloud'];
  const env = { PATH: `${dirname(sandbox.kubectl)}:${process.env['PATH'] ?? ''}` };
  // On a busy machine its wait for CRDs runs out, and then it leaves out the rest of that component: once more adds it.
  for (let triesLeft = 2; ; triesLeft--) {
    const complaint = await runTool(istioctl, [...args, '--kubeconfig', sandbox.adminKubeconfig], { env }).then(
      () => null,
      (error: unknown) => {
        if (error instanceof ToolError) return error;
        throw error;
      },
    );
    try {
      await untilThere(sandbox);
      return;
    } catch (error) {
      if (triesLeft === 0) throw complaint ?? error;
    }
  }
};

async function untilThere(sandbox: Sandbox): Promise<void> {
  const kubectl = (...args: string[]) =>
    runTool(sandbox.kubectl, ['--kubeconfig', sandbox.adminKubeconfig, '-n', 'istio-system', ...args]);
  for (const deployment of ['istiod', 'istio-ingressgateway', 'prometheus']) {
    await kubectl('rollout', 'status', `deployment/${deployment}`, '--timeout=120s');
  }
  await kubectl('get', 'mutatingwebhookconfiguration/istio-sidecar-injector');
  await kubectl('get', 'clusterrole/istio-reader-istio-system', 'clusterrolebinding/istio-reader-istio-system');
  await kubectl('get', 'serviceaccount/istio-reader-service-account');
}
