import { OLDER_VERSION, type Flavour } from '../binaries/index.js';
import type { Sandbox } from '../cluster/state.js';
import { SOURCE_1_5 } from '../releases/stand-ins.js';
import { installAmbient, installAmbientByHelm } from './ambient.js';
import { openGateways, registerGatewayApi } from './gateways.js';
import {
  installCurrent,
  installOlder,
  OLD_REVISION,
  OLD_VERSION,
  OLDER_BINARIES,
  OLDER_REVISION,
  setTag,
} from './install-current.js';
import { installByHelm } from './install-helm.js';
import { installIstio15, installIstio16 } from './install-istio.js';
import { byInjectionLabel, type Asking } from './shop.js';

/** How a mesh of current Istio was installed, and how its namespaces ask for sidecars. */
export const SCENARIOS = [
  'labels',
  'tags',
  'default',
  'gateways',
  'default-gateways',
  'helm',
  'ambient',
  'helm-ambient',
  'older',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** An old mesh as it is before an upgrade. */
export interface Seed {
  /** What the old control plane calls itself. */
  readonly version: string;
  readonly install: (sandbox: Sandbox, version: string) => Promise<void>;
  readonly asking: Asking;
  /** Binaries that it needs beside those of its flavour. */
  readonly binaries?: readonly string[];
}

const byRevision =
  (revision: string): Asking =>
  () => ({ 'istio.io/rev': revision });

/** The tags of the scenario that has them; the default one serves whoever asks in the old way. */
const TAG_OF: Readonly<Record<string, string>> = { catalog: 'prod-canary', accounts: 'prod-canary' };
const byTag: Asking = (namespace) =>
  namespace === 'payments' ? byInjectionLabel(namespace) : { 'istio.io/rev': TAG_OF[namespace] ?? 'prod-stable' };

const OF_CURRENT: Record<Scenario, Seed> = {
  labels: {
    version: OLD_VERSION,
    install: (sandbox) => installCurrent(sandbox, OLD_REVISION),
    asking: byRevision(OLD_REVISION),
  },
  tags: {
    version: OLD_VERSION,
    install: async (sandbox) => {
      await installCurrent(sandbox, OLD_REVISION);
      for (const tag of ['prod-stable', 'prod-canary']) await setTag(sandbox, tag, OLD_REVISION);
    },
    asking: byTag,
  },
  default: {
    version: OLD_VERSION,
    install: (sandbox) => installCurrent(sandbox, null),
    asking: byInjectionLabel,
  },
  gateways: {
    version: OLD_VERSION,
    install: async (sandbox) => {
      // Before istiod: it looks for these kinds when it starts.
      await registerGatewayApi(sandbox);
      await installCurrent(sandbox, OLD_REVISION, 'default');
      await openGateways(sandbox, { 'istio.io/rev': OLD_REVISION });
    },
    asking: byRevision(OLD_REVISION),
  },
  'default-gateways': {
    version: OLD_VERSION,
    install: async (sandbox) => {
      await registerGatewayApi(sandbox);
      await installCurrent(sandbox, null, 'default');
      await openGateways(sandbox, {});
    },
    asking: byInjectionLabel,
  },
  ambient: { version: OLD_VERSION, install: installAmbient, asking: byRevision(OLD_REVISION) },
  'helm-ambient': { version: OLD_VERSION, install: installAmbientByHelm, asking: byRevision(OLD_REVISION) },
  older: {
    version: OLDER_VERSION,
    binaries: OLDER_BINARIES,
    install: async (sandbox) => {
      await registerGatewayApi(sandbox);
      await installOlder(sandbox, 'default');
      await openGateways(sandbox, { 'istio.io/rev': OLDER_REVISION });
    },
    asking: byRevision(OLDER_REVISION),
  },
  helm: { version: OLD_VERSION, install: (sandbox) => installByHelm(sandbox), asking: byRevision(OLD_REVISION) },
};

/**
 * The old mesh of a flavour.
 * @throws Error for a scenario of a flavour that has only one
 */
export function seedOf(flavour: Flavour, scenario?: Scenario): Seed {
  if (flavour === 'istio') return OF_CURRENT[scenario ?? 'labels'];
  if (scenario !== undefined) throw new Error(`flavour ${flavour} is seeded in one way only; scenarios are of istio`);
  // Patches that the guide lets through to 1.6.14.
  return flavour === 'asm15'
    ? { version: SOURCE_1_5.version, install: installIstio15, asking: byInjectionLabel }
    : { version: '1.6.13', install: installIstio16, asking: byInjectionLabel };
}
