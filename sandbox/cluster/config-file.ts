import { stringify } from 'yaml';
import { defaultCacheDir } from '../../settings/paths.js';
import { binaryPath } from '../binaries/index.js';
import { WINDOW } from '../metrics/prometheus.js';
import { publishedSum, type ReleaseArchives } from '../releases/archives.js';
import { archiveName, TARGET, type StandIn } from '../releases/stand-ins.js';
import { writeAtomically, type Sandbox } from './state.js';

/**
 * Writes the configuration for `meshlift serve` that registers this cluster, its tools and its bucket.
 * @param origin scheme, address and port of the bucket
 */
export async function writeConfigFile(sandbox: Sandbox, archives: ReleaseArchives, origin: string): Promise<void> {
  const { name, kubeconfig, kubectl, flavour } = sandbox;
  const metrics = sandbox.metrics && { metrics: { prometheus: sandbox.metrics.prometheus, window: WINDOW } };
  const helm = flavour === 'istio' ? { helm: binaryPath(defaultCacheDir(), 'helm') } : {};
  const labels = { sandbox: 'true' };
  const cluster = { id: name, kubeconfig, context: 'meshlift', kubectl, ...helm, labels, ...metrics };
  await writeAtomically(
    sandbox.configFile,
    stringify({ clusters: [cluster], ...(await releasesOf(archives, origin)) }),
  );
}

/** ASM's target is built in and only comes from elsewhere; every other release is an entry of its own. */
async function releasesOf(archives: ReleaseArchives, origin: string): Promise<object> {
  const { standIns, publicKey } = archives;
  const target = standIns.find((standIn) => standIn === TARGET);
  const others = standIns.filter((standIn) => standIn !== TARGET);
  const releases = await Promise.all(
    others.map(async (standIn) =>
      standIn.proof === 'signature'
        ? signedEntry(standIn, origin, publicKey)
        : summedEntry(standIn, origin, await publishedSum(archives, standIn)),
    ),
  );
  return {
    ...(target && { mirrors: { [target.version]: { baseUrl: `${origin}${target.bucketFolder}`, publicKey } } }),
    // The bucket speaks plain HTTP on loopback; nothing else may.
    downloads: { loopbackHttp: true },
    ...(releases.length === 0 ? {} : { releases }),
  };
}

/** A release of the vendor that a mesh is rolled back to. */
function signedEntry(standIn: StandIn, origin: string, publicKey: string): object {
  return {
    version: standIn.version,
    role: 'source',
    profile: 'asm-multicloud',
    kubernetes: { min: '1.14', max: '1.21' },
    baseUrl: `${origin}${standIn.bucketFolder}`,
    publicKey,
    signatureSuffix: '.1.sig',
    archives: { linux: { file: archiveName(standIn) } },
  };
}

/** A release of upstream's. */
function summedEntry(standIn: StandIn, origin: string, sha256: string): object {
  return {
    driver: 'istio-revisioned',
    version: standIn.version,
    baseUrl: `${origin}${standIn.bucketFolder}`,
    archives: { linux: { file: archiveName(standIn), sha256 } },
  };
}
