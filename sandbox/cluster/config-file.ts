import { stringify } from 'yaml';
import type { ReleaseArchives } from '../releases/archives.js';
import { TARGET, type StandIn } from '../releases/stand-ins.js';
import { writeAtomically, type Sandbox } from './state.js';

/** Writes the configuration for `meshlift serve` that registers this cluster, its kubectl and its bucket. */
export async function writeConfigFile(
  sandbox: Sandbox,
  archives: ReleaseArchives | null,
  baseUrl: string,
): Promise<void> {
  const { name, kubeconfig, kubectl } = sandbox;
  const cluster = { id: name, kubeconfig, context: 'meshlift', kubectl, labels: { sandbox: 'true' } };
  await writeAtomically(
    sandbox.configFile,
    stringify({ clusters: [cluster], ...(archives === null ? {} : releasesOf(archives, baseUrl)) }),
  );
}

/** The target is built in and only comes from elsewhere; what a mesh is rolled back to is a release of its own. */
function releasesOf({ standIns, publicKey }: ReleaseArchives, baseUrl: string): object {
  const origin = { baseUrl, publicKey };
  const others = standIns.filter((standIn) => standIn !== TARGET);
  return {
    mirrors: { [TARGET.version]: origin },
    // The bucket speaks plain HTTP on loopback; nothing else may.
    downloads: { loopbackHttp: true },
    ...(others.length === 0 ? {} : { releases: others.map((standIn) => entryOf(standIn, origin)) }),
  };
}

function entryOf({ version }: StandIn, origin: object): object {
  return {
    version,
    role: 'source',
    profile: 'asm-multicloud',
    kubernetes: { min: '1.14', max: '1.21' },
    ...origin,
    signatureSuffix: '.1.sig',
    archives: { linux: { file: `istio-${version}-linux-amd64.tar.gz` } },
  };
}
