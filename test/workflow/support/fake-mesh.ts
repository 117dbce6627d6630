import type { Activities } from '../../../activities/contract.js';
import type {
  Finding,
  GatewayDeployment,
  Plan,
  Route,
  TagMove,
  UpgradeOptions,
  UpgradeRequest,
  Wave,
} from '../../../domain/plan.js';
import type { GateStep } from '../../../domain/policy/schema.js';
import { effectivePolicy } from '../../../domain/policy/effective.js';
import { upgradeOptionsSchema } from '../../../domain/plan.js';
import type { Verdict } from '../../../domain/gate-verdict.js';
import type { OutsideChange } from '../../../domain/outside-change.js';
import type { PhaseName } from '../../../domain/run.js';
import type { Direction, WorkloadRef } from '../../../domain/workload.js';
import { createScript, type Script } from './script.js';

/** What a test wants of a mesh and of the plan for it. */
export interface MeshSpec {
  /** Namespaces of the first wave with the names of their Deployments. */
  readonly canary: Readonly<Record<string, readonly string[]>>;
  /** Namespaces of the second wave; without any the run has one wave. */
  readonly rest?: Readonly<Record<string, readonly string[]>>;
  readonly options?: Partial<UpgradeOptions>;
  /** Gateways that come last, in a wave of their own. */
  readonly gateways?: readonly GatewayDeployment[];
  readonly tags?: readonly TagMove[];
  /** Where the mesh comes from and goes to; by default from 1.6. */
  readonly route?: Route;
  /** What the policy says about the gate of the first wave, instead of what it says about all. */
  readonly canaryGate?: readonly GateStep[];
  /** Tags that move with the first wave. */
  readonly canaryTags?: readonly string[];
  /** What the preflight checks find. */
  readonly findings?: readonly Finding[];
}

type JournalLine = Parameters<Activities['recordEvents']>[0]['entries'][number];

/** A mesh in memory, as far as a run can see and change it. */
export interface FakeMesh {
  readonly cluster: string;
  readonly options: Partial<UpgradeOptions>;
  readonly script: Script;
  readonly findings: readonly Finding[];
  /** Deployments by namespace; a test may add one while the run goes on. */
  readonly workloads: Map<string, string[]>;
  /** Which revision the namespaces ask for. */
  readonly labels: Map<string, Side>;
  /** Which sidecar the workloads run, by `namespace/name`. */
  readonly sidecars: Map<string, Side>;
  /** How often each workload was restarted in each direction. */
  readonly restarts: Map<string, number>;
  /** Control planes that are there. */
  readonly controlPlanes: Set<Side>;
  /** Changes from outside that the next watches will see; one that finds none has nothing to watch. */
  readonly outsiders: (readonly OutsideChange[])[];
  /** What each watch was told it need not tell. */
  readonly watches: (readonly string[])[];
  /** Verdicts that the next looks at a gate have, in order; then all of them are successful. */
  readonly verdicts: Verdict[];
  /** What the run has written into its journal. */
  readonly journal: JournalLine[];
  planFor(request: UpgradeRequest): Plan;
}

/** The control plane, or the sidecar, from before the run or from after it. */
export type Side = 'old' | 'new';

export const HASH = 'c0ffee'.repeat(10);
export const RELEASE = '1.6.14-asm.2';
export const ROUTE: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
  to: { version: RELEASE, revision: 'asm-1614-2', sidecar: { revision: 'asm-1614-2', proxyTag: RELEASE } },
};

/** From 1.5, which is brought back by installing it again. */
export const ROUTE_FROM_1_5: Route = {
  ...ROUTE,
  from: { version: '1.5.10-asm.1', revision: 'default', sidecar: { revision: null, proxyTag: '1.5.10-asm.1' } },
};

/** The side that a direction leads to. */
export function sideOf(direction: Direction): Side {
  return direction === 'forward' ? 'new' : 'old';
}

/** A mesh on the old control plane. */
export function createFakeMesh(cluster: string, spec: MeshSpec): FakeMesh {
  const namespaces = Object.entries({ ...spec.canary, ...spec.rest });
  return {
    cluster,
    options: spec.options ?? {},
    script: createScript(),
    findings: spec.findings ?? [],
    workloads: new Map(namespaces.map(([namespace, names]) => [namespace, [...names]])),
    labels: new Map(namespaces.map(([namespace]) => [namespace, 'old'])),
    sidecars: new Map(),
    restarts: new Map(),
    controlPlanes: new Set(['old']),
    outsiders: [],
    watches: [],
    verdicts: [],
    journal: [],
    planFor: (request) => planFor(request, spec),
  };
}

/** What a test asks for. @param options that differ from the defaults */
export function requestFor(cluster: string, options: Partial<UpgradeOptions> = {}): UpgradeRequest {
  // Time is not always skipped after a held call: only a test of the soak should wait for it.
  const quick = { ...upgradeOptionsSchema.parse({}), finalizeSoakSeconds: 0 };
  return { cluster, release: RELEASE, options: { ...quick, ...options } };
}

function planFor(
  { cluster, release, options }: UpgradeRequest,
  { canary, rest, gateways, tags, route = ROUTE, canaryGate: gates, canaryTags }: MeshSpec,
): Plan {
  const gate = rest === undefined ? 'finalize' : 'canary';
  const first = {
    name: 'canary',
    namespaces: Object.keys(canary),
    gate,
    ...(gates && { gates }),
    ...(canaryTags && { tags: canaryTags }),
  };
  const second = rest === undefined ? [] : [{ name: 'rest', namespaces: Object.keys(rest), gate: 'finalize' }];
  return {
    cluster,
    release,
    route,
    options,
    policy: effectivePolicy(options),
    findings: [],
    waves: gateways === undefined ? [first, ...second] : withGateways([first, ...second], gateways),
    ...(tags && { tags }),
    commands: [],
    totals: { namespaces: 0, workloads: 0, pods: 0 },
    estimateMinutes: { from: 5, to: 10 },
    hash: HASH,
  };
}

function withGateways(waves: readonly Wave[], gateways: readonly GatewayDeployment[]): Wave[] {
  const before = waves.map((wave) => ({ ...wave, gate: wave.name }));
  return [...before, { name: 'gateways', namespaces: [], gate: 'finalize', gateways }];
}

/** Restarts a workload unless it runs the sidecar of its namespace's side already. */
export function restart(mesh: FakeMesh, { namespace, name }: WorkloadRef, direction: Direction): boolean {
  const key = `${namespace}/${name}`;
  const side = sideOf(direction);
  if (mesh.labels.get(namespace) !== side) throw new Error(`${key} restarts before its namespace is labelled`);
  if ((mesh.sidecars.get(key) ?? 'old') === side) return false;
  mesh.sidecars.set(key, side);
  mesh.restarts.set(`${key} ${direction}`, (mesh.restarts.get(`${key} ${direction}`) ?? 0) + 1);
  return true;
}

/** The phases that the journal tells of, each once for as long as it lasted. */
export function phasesIn(mesh: FakeMesh): PhaseName[] {
  const phases = mesh.journal.flatMap(({ body }) => (body.type === 'transition' ? [body.phase] : []));
  return phases.filter((phase, index) => phase !== phases[index - 1]);
}
