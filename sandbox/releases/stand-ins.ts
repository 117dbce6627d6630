import type { Flavour } from '../binaries/index.js';

/** A release of the vendor that the sandbox puts together itself, from upstream's sources of the same version. */
export interface StandIn {
  readonly version: string;
  /** Name of the istioctl that it is made from. */
  readonly istioctl: string;
  /** Folders of upstream's sources, and where the archive has them. */
  readonly folders: Readonly<Record<string, string>>;
}

/** What every upgrade goes to. Development builds of 1.6 carry no charts: the archive does. */
export const TARGET: StandIn = {
  version: '1.6.14-asm.2',
  istioctl: 'istioctl-1.6.14',
  folders: { manifests: 'manifests', samples: 'samples' },
};

/** What a rollback to 1.5 installs again (guide, steps 2 and 6). 1.5 has its charts compiled in. */
export const SOURCE_1_5: StandIn = {
  version: '1.5.10-asm.1',
  istioctl: 'istioctl-1.5.10',
  folders: { 'operator/data/profiles': 'manifests/profiles', samples: 'samples' },
};

const BY_FLAVOUR: Record<Flavour, readonly StandIn[]> = {
  asm16: [TARGET],
  asm15: [TARGET, SOURCE_1_5],
  // Current Istio has no archive of the vendor's.
  istio: [],
};

/** The archives that the bucket of a sandbox holds. */
export function standInsOf(flavour: Flavour): readonly StandIn[] {
  return BY_FLAVOUR[flavour];
}
