import { z } from 'zod';
import { isWaivable, type CheckResult } from './checks/catalogue.js';
import type { DriverName } from './driver.js';
import type { GatewayKind } from './injection.js';
import { clusterIdSchema, namespaceNameSchema } from './names.js';
import { policySchema, type GateStep, type Policy } from './policy/schema.js';
import type { WorkloadAction } from './workload-actions.js';
import type { Direction, SidecarTarget } from './workload.js';

const SEVEN_DAYS_IN_SECONDS = 7 * 24 * 60 * 60;
const ONE_DAY_IN_SECONDS = 24 * 60 * 60;

/** `--set` keys that Meshlift itself decides; a caller who sets them would break the run. */
const OWN_SET_KEYS = ['profile', 'revision', 'installPackagePath', 'hub', 'tag'];

const setOptionSchema = z
  .string()
  .max(500)
  .regex(/^[A-Za-z][A-Za-z0-9_.[\]:-]*=[^\n\r]*$/, 'a --set option has the form key=value')
  .refine((option) => !OWN_SET_KEYS.includes(option.split('=')[0] ?? ''), {
    error: `Meshlift decides ${OWN_SET_KEYS.join(', ')} itself`,
  });

/** A person takes the risk of a check: recorded with the run, and part of the plan's hash. */
const waiverSchema = z.strictObject({
  /** Id of the check, `MESH023`. */
  check: z
    .string()
    .max(20)
    .refine(isWaivable, {
      error: ({ input }) => `${String(input)} cannot be waived; \`meshlift checks\` lists what can`,
    }),
  /** Why that is all right here. */
  reason: z.string().trim().min(3).max(500),
});
export type Waiver = z.infer<typeof waiverSchema>;

const choicesSchema = z.strictObject({
  /** Namespaces of the first wave. Default: the injected namespace with the fewest pods. */
  canary: z.array(namespaceNameSchema).max(50).optional(),
  /** Namespaces that are left alone. They keep the old control plane in use, so finalising waits for them. */
  exclude: z.array(namespaceNameSchema).max(5000).default([]),
  /** `--set` options of the old installation that the new one needs again (guide, step 2). */
  set: z.array(setOptionSchema).max(50).default([]),
  /** Profile of the release that is installed. Default: the release's own. `ambient` for a mesh that is. */
  profile: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/)
    .optional(),
  /** Names of overlay files registered in the server's configuration, given to istioctl with `-f`. */
  overlays: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/))
    .max(20)
    .default([]),
  /**
   * Replaces the control plane where it is, for who cannot run two of them (ADR 0012). Its risk is a finding that must be waived.
   */
  inPlace: z.boolean().default(false),
  /**
   * `all`: the run does not begin while an option of the old installation is missing in the new one.
   * `none`: the new one shall have none but those in `set` and `overlays`; the plan shows what is lost.
   */
  carryOver: z.enum(['all', 'none']).default('all'),
  /** Findings that do not keep the run from beginning, each with the reason why. */
  waivers: z.array(waiverSchema).max(100).default([]),
  /** Instead of every soak of `policy.gates.afterWave`: how long a wave is watched before its gate asks for promotion. */
  soakSeconds: z.int().min(0).max(SEVEN_DAYS_IN_SECONDS).optional(),
  /** Instead of `policy.timeouts.promotion`: how long a gate waits before the run is blocked (never rolled back). */
  promotionTimeoutSeconds: z
    .int()
    .min(1)
    .max(30 * 24 * 60 * 60)
    .optional(),
  /** Instead of `policy.timeouts.workload`: how long one workload may take to get all its pods onto the expected sidecar. */
  workloadTimeoutSeconds: z
    .int()
    .min(10)
    .max(24 * 60 * 60)
    .optional(),
  /** Waves, gates and the safety budget. What an option of this list says as well, the option decides. */
  policy: policySchema.prefault({}),
  /** Instead of `policy.budget.maxConcurrentWorkloads`. */
  parallelWorkloads: z.int().min(1).max(5_000).optional(),
  /** Time between the two looks that must both find the old control plane unused before it is removed. */
  finalizeSoakSeconds: z.int().min(0).max(SEVEN_DAYS_IN_SECONDS).default(60),
  /** How long after its end a succeeded run can still be rolled back, from the backup of what it removed. */
  rollbackGraceSeconds: z
    .int()
    .min(0)
    .max(30 * ONE_DAY_IN_SECONDS)
    .default(ONE_DAY_IN_SECONDS),
});

/** What a caller may choose about a run. Durations are seconds. */
export const upgradeOptionsSchema = choicesSchema.refine(
  ({ canary, policy }) => canary === undefined || policy.waves === undefined,
  { path: ['canary'], error: 'the policy has waves of its own: name the canary in the first of them' },
);
export type UpgradeOptions = z.infer<typeof upgradeOptionsSchema>;

/** Body of `POST /v1/plans` and `POST /v1/upgrades`. */
export const upgradeRequestSchema = z.strictObject({
  cluster: clusterIdSchema,
  /** Version in the release catalogue, for instance `1.6.14-asm.2`. */
  release: z.string().min(1).max(100),
  options: upgradeOptionsSchema.prefault({}),
});
export type UpgradeRequest = z.infer<typeof upgradeRequestSchema>;

/** What a check found. A blocker that is not waived ends the run before anything changes. */
export interface Finding {
  /** Stable id of the check, `MESH001`. */
  readonly check: string;
  /** `unknown`: the question could not be answered; it blocks like a blocker. */
  readonly severity: 'blocker' | 'unknown' | 'warning' | 'info';
  /** Machine word, for instance `UnsupportedSource`. */
  readonly reason: string;
  /** One sentence that names the objects. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** The remedy as a command or a manifest, where there is one. */
  readonly command?: string;
  /** What would be lost (`-`) and what would be there instead (`+`), line by line, where that is what was found. */
  readonly diff?: string;
  /** Why somebody took the risk; then it does not block. */
  readonly waived?: string;
}

/** One control plane found in the cluster. */
export interface ControlPlane {
  /** `default` for the one without a revision. */
  readonly revision: string;
  readonly deployment: string;
  /** Version read from the image tag of istiod. */
  readonly version: string;
  readonly ready: boolean;
  /** Who installed it; absent where nothing tells. */
  readonly installer?: Installer;
}

/** Who keeps a control plane: `operator` is the in-cluster one of old, `sail` the Sail Operator. */
export type Installer = 'istioctl' | 'helm' | 'operator' | 'sail';

/** A name that stands for a revision, so that namespaces need not be relabelled (current Istio). */
export interface RevisionTag {
  readonly tag: string;
  readonly revision: string;
}

/** How a namespace asks for injection, exactly as labelled. */
export interface NamespaceInjection {
  readonly namespace: string;
  /** Value of `istio-injection`, null when absent. */
  readonly injection: string | null;
  /** Value of `istio.io/rev`, null when absent. */
  readonly revision: string | null;
  /** Running pods by the proxy image tag they run; key `none` counts pods without a sidecar. */
  readonly podsByProxy: Readonly<Record<string, number>>;
  /** The same pods by the revision that injected them, where they say so. */
  readonly podsByRevision?: Readonly<Record<string, number>>;
  /** Deployments, StatefulSets and DaemonSets in it. */
  readonly workloads: number;
  /** Labels of the namespace; read only where a policy selects by them. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is in the cluster now. The answer of `GET /v1/clusters/{cluster}`. */
export interface DetectedMesh {
  readonly cluster: string;
  /** For instance `1.21`. */
  readonly kubernetes: string;
  readonly controlPlanes: readonly ControlPlane[];
  /** Every namespace, also those without injection. */
  readonly namespaces: readonly NamespaceInjection[];
  /** Deployments of gateways, as `namespace/name`. */
  readonly gateways: readonly string[];
  /** The same and those of other namespaces, with how each is deployed; absent where there are none. */
  readonly gatewayDeployments?: readonly GatewayDeployment[];
  /** Parts that run on every node; absent where there are none. */
  readonly nodeAgents?: readonly NodeAgent[];
  /** Revision tags; absent where the cluster has none. */
  readonly tags?: readonly RevisionTag[];
}

/** A part of the mesh that runs once on every node, and is shared by all revisions. */
export interface NodeAgent {
  /** DaemonSet, `namespace/name`. */
  readonly daemonSet: string;
  readonly kind: NodeAgentKind;
  readonly version: string;
}

/** `cni` writes the network of pods, `ztunnel` carries the traffic of ambient ones. */
export type NodeAgentKind = 'cni' | 'ztunnel';

/** A gateway, found by the template of its pods. */
export interface GatewayDeployment {
  /** `namespace/name`. */
  readonly deployment: string;
  readonly kind: GatewayKind;
  /** What it asks for itself by `istio.io/rev`, a revision or a tag: on its pod template, or on its Gateway; absent where it does not. */
  readonly revision?: string;
  /** Name of the Gateway that istiod runs it for. */
  readonly declared?: string;
  /** Whether it is the way into a namespace or a service of the ambient mesh. */
  readonly waypoint?: true;
}

/** A set of namespaces moved together. */
export interface Wave {
  /** As the policy calls it; without waves of its own `canary`, then `rest`. */
  readonly name: string;
  /** In the order in which they begin. */
  readonly namespaces: readonly string[];
  /** Gate after it: its own name, or `finalize` after the last wave. */
  readonly gate: string;
  /** What must be behind it before the next one begins; absent: `policy.gates.afterWave`. */
  readonly gates?: readonly GateStep[];
  /** Percentage of each namespace's workloads that move before the others. */
  readonly firstPercent?: number;
  /** Namespaces of it that begin first, in this order. */
  readonly order?: readonly string[];
  /** Tags that are pointed at the new revision when the wave begins. */
  readonly tags?: readonly string[];
  /** Parts of every node that are replaced in place when it begins, one after the other. */
  readonly agents?: readonly NodeAgent[];
  /** Gateways that are moved with it, one by one. */
  readonly gateways?: readonly GatewayDeployment[];
}

/** A tag that the run points at the new revision, and whom that concerns. */
export interface TagMove {
  readonly tag: string;
  /** Wave that begins with it; `finalize` for one that no namespace of the run asks for. */
  readonly wave: string;
  /** Namespaces whose new pods get the new sidecar from then on. */
  readonly namespaces: readonly string[];
  /** Injected gateways of other namespaces whose new pods do, too, `namespace/name`; absent where there are none. */
  readonly gateways?: readonly string[];
}

/** Where the mesh comes from and where it goes to. */
export interface Route {
  /** Absent means `asm-1.6`. */
  readonly driver?: DriverName;
  /** Who installs the new control plane, because it has installed the old one. Absent means istioctl. */
  readonly installer?: 'helm';
  /** The new control plane takes the place of the old one: both sides have one revision, and versions tell them apart. */
  readonly inPlace?: true;
  readonly from: { readonly version: string; readonly revision: string; readonly sidecar: SidecarTarget };
  readonly to: { readonly version: string; readonly revision: string; readonly sidecar: SidecarTarget };
}

/** The driver of a route. */
export function driverOf({ driver = 'asm-1.6' }: Pick<Route, 'driver'>): DriverName {
  return driver;
}

/** The end of a route to which a direction leads. */
export function endOf(route: Route, direction: Direction): Route['to'] {
  return direction === 'forward' ? route.to : route.from;
}

/** Whether a route replaces the control plane where it is, so that there is never a second one. */
export function isInPlace(route: Pick<Route, 'inPlace'> | null | undefined): boolean {
  return route?.inPlace === true;
}

/** An overlay file as it was when the plan was made. */
export interface OverlayFile {
  /** Name in the server's configuration. */
  readonly name: string;
  /** Of its bytes, in hex. */
  readonly sha256: string;
}

/** What a run will do with one workload. */
export interface PlannedWorkload {
  /** As it is called in the cluster: also kinds that Meshlift does not know. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** As the table of actions calls it: `RollingUpdate`, `OnDelete`; `any` where it makes no difference. */
  readonly strategy: string;
  readonly action: WorkloadAction;
  /** What is done, and why. */
  readonly sentence: string;
}

/** What a run will do. Approvals are bound to {@link Plan.hash}. */
export interface Plan {
  readonly cluster: string;
  readonly release: string;
  /** Null when no supported source was found; then there is a blocker that says why. */
  readonly route: Route | null;
  readonly options: UpgradeOptions;
  /** How the run goes: the policy of the options, with what other options say instead of it. */
  readonly policy: Policy;
  /** What the overlays named in the options hold; the run keeps copies, and installs those. */
  readonly overlays?: readonly OverlayFile[];
  readonly findings: readonly Finding[];
  /** The verdict of every check, once they were asked. */
  readonly checks?: readonly CheckResult[];
  readonly waves: readonly Wave[];
  /** Where the mesh has revision tags: which are moved, and when. */
  readonly tags?: readonly TagMove[];
  /** What will be done with each workload, where a plan was asked for and the cluster could tell; a run keeps no such list. */
  readonly workloads?: readonly PlannedWorkload[];
  /** The commands that a person would type for the same effect, in order. */
  readonly commands: readonly string[];
  readonly totals: { readonly namespaces: number; readonly workloads: number; readonly pods: number };
  /** Rough duration at the guide's 100 pods a minute plus 5 to 10 minutes for the control plane, in minutes. */
  readonly estimateMinutes: { readonly from: number; readonly to: number };
  /** SHA-256 over everything above that decides what happens. */
  readonly hash: string;
}
