import { join } from 'node:path';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath } from '../binaries/index.js';
import type { Sandbox } from '../cluster/state.js';
import { runTool } from '../exec.js';
import { unpackedRelease } from '../releases/archives.js';
import { CURRENT } from '../releases/stand-ins.js';
import { kubectl } from './gateways.js';
import { OLD_REVISION, OLD_VERSION } from './install-current.js';

const NAMESPACE = 'istio-system';
/** Namespace and name of a gateway of Helm's own chart. */
const INGRESS = 'istio-ingress';
/** Something that a person has chosen, and that the new control plane must have again. */
const CHOSEN = ['--set=meshConfig.accessLogFile=/dev/stdout', '--set=pilot.env.PILOT_ENABLE_STATUS=false'];

/**
 * Installs the old control plane by the real helm from the release's charts: chart base, then istiod as a release of its own; then
 * a gateway of its chart, or with profile `ambient` istio-cni and ztunnel, a release each.
 */
export async function installByHelm(sandbox: Sandbox, profile?: 'ambient'): Promise<void> {
  const charts = join(unpackedRelease(defaultCacheDir(), CURRENT), 'manifests', 'charts');
  const helm = (...args: string[]) =>
    runTool(binaryPath(defaultCacheDir(), 'helm'), [...args, `--kubeconfig=${sandbox.adminKubeconfig}`]);
  const inMesh = [`--namespace=${NAMESPACE}`, '--wait', '--timeout=120s'];
  const base = [join(charts, 'base'), ...inMesh, '--create-namespace', `--set=defaultRevision=${OLD_REVISION}`];
  await helm('install', 'istio-base', ...base);
  const chosen = [`--set=global.tag=${OLD_VERSION}`, ...CHOSEN, ...(profile ? [`--set=profile=${profile}`] : [])];
  const istiod = [join(charts, 'istio-control', 'istio-discovery'), ...inMesh, `--set=revision=${OLD_REVISION}`];
  await helm('install', `istiod-${OLD_REVISION}`, ...istiod, ...chosen);
  if (profile !== 'ambient') {
    const namespace = { metadata: { name: INGRESS, labels: { 'istio.io/rev': OLD_REVISION } } };
    await kubectl(sandbox, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', ...namespace }));
    // Nobody gives its Service an address here, and Helm would wait for one.
    await helm('install', INGRESS, join(charts, 'gateway'), `--namespace=${INGRESS}`);
    await kubectl(sandbox, ['rollout', 'status', `deployment/${INGRESS}`, '-n', INGRESS, '--timeout=120s']);
    return;
  }
  const cni = [join(charts, 'istio-cni'), ...inMesh, '--set=profile=ambient', `--set=global.tag=${OLD_VERSION}`];
  await helm('install', 'istio-cni', ...cni);
  await helm('install', 'ztunnel', join(charts, 'ztunnel'), ...inMesh, `--set=tag=${OLD_VERSION}`);
}
