import type { Flavour } from '../binaries/index.js';

/** A release that the sandbox puts together itself, from upstream's sources of the same version. */
export interface StandIn {
  readonly version: string;
  /** Name of the istioctl that it is made from. */
  readonly istioctl: string;
  /** Files and folders of upstream's sources, and where the archive has them. */
  readonly folders: Readonly<Record<string, string>>;
  /** Folder that it lies in where it is published; the sandbox's bucket has the same. */
  readonly bucketFolder: string;
  /** What proves that it is what was published: the vendor signs its archives, upstream publishes a sum beside them. */
  readonly proof: 'signature' | 'sha256';
}

const VENDOR = { bucketFolder: '/gke-release/asm', proof: 'signature' } as const;

/** What every upgrade to ASM goes to. Development builds of 1.6 carry no charts: the archive does. */
export const TARGET: StandIn = {
  version: '1.6.14-asm.2',
  istioctl: 'istioctl-1.6.14',
  folders: { manifests: 'manifests', samples: 'samples' },
  ...VENDOR,
};

/** What a rollback to 1.5 installs again (guide, steps 2 and 6). 1.5 has its charts compiled in. */
export const SOURCE_1_5: StandIn = {
  version: '1.5.10-asm.1',
  istioctl: 'istioctl-1.5.10',
  folders: { 'operator/data/profiles': 'manifests/profiles', samples: 'samples' },
  ...VENDOR,
};

/** What a mesh of current Istio goes to. Its istioctl has the charts compiled in; the archive has them for Helm. */
export const CURRENT: StandIn = {
  version: '1.31.0',
  istioctl: 'istioctl-1.31.0',
  folders: {
    LICENSE: 'LICENSE',
    'README.md': 'README.md',
    'manifests/charts': 'manifests/charts',
    'manifests/profiles': 'manifests/profiles',
    samples: 'samples',
    'tools/certs': 'tools/certs',
  },
  bucketFolder: '/istio-release/releases/1.31.0',
  proof: 'sha256',
};

const BY_FLAVOUR: Record<Flavour, readonly [StandIn, ...StandIn[]]> = {
  asm16: [TARGET],
  asm15: [TARGET, SOURCE_1_5],
  istio: [CURRENT],
};

/** The archives that the bucket of a sandbox holds; first what its mesh is upgraded to. */
export function standInsOf(flavour: Flavour): readonly [StandIn, ...StandIn[]] {
  return BY_FLAVOUR[flavour];
}

/** Name of the archive for Linux, as vendor and upstream both give it. */
export function archiveName({ version }: StandIn): string {
  return `istio-${version}-linux-amd64.tar.gz`;
}

/** Name of the file beside the archive that proves it. */
export function proofName(standIn: StandIn): string {
  return `${archiveName(standIn)}${standIn.proof === 'signature' ? '.1.sig' : '.sha256'}`;
}
