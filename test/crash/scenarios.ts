import { PROBE_LABEL } from '../../activities/mesh/probe-namespace.js';
import { eventually } from '../e2e/support/eventually.js';
import type { Flavour } from '../../sandbox/sandbox.js';
import type { ProxiedMesh } from '../support/proxied-mesh.js';

/** One way through a run, from the start to its end. */
export interface Scenario {
  readonly name: string;
  /** Sandbox with the mesh that the run begins with. */
  readonly flavour: Flavour;
  readonly options: Record<string, unknown>;
  /** Gates to promote on the way. */
  readonly promote: readonly string[];
  /** Gate at which the run is sent back; null when it goes to its end. */
  readonly rollBackAt: string | null;
  readonly end: 'succeeded' | 'rolledBack';
  /** Tags of the proxies before and after an upgrade. */
  readonly proxies: { readonly old: string; readonly new: string };
  /** Names of the Deployments of the two control planes. */
  readonly controlPlanes: { readonly old: string; readonly new: string };
}

/** Which way the run goes: the same request means another operation on the way back. */
export type Direction = 'forward' | 'back';

const SMALL = { canary: ['catalog'], parallelWorkloads: 2 };
const FROM_16 = {
  flavour: 'asm16' as const,
  proxies: { old: '1.6.13', new: '1.6.14-asm.2' },
  controlPlanes: { old: 'istiod', new: 'istiod-asm-1614-2' },
};
const FROM_15 = {
  ...FROM_16,
  flavour: 'asm15' as const,
  proxies: { old: '1.5.10-asm.1', new: '1.6.14-asm.2' },
};

export const UPGRADE: Scenario = {
  name: 'upgrade 1.6',
  options: SMALL,
  promote: ['canary', 'finalize'],
  rollBackAt: null,
  end: 'succeeded',
  ...FROM_16,
};
export const ROLLBACK_FROM_CANARY: Scenario = {
  name: 'rollback 1.6 from the canary gate',
  options: SMALL,
  promote: [],
  rollBackAt: 'canary',
  end: 'rolledBack',
  ...FROM_16,
};
const ROLLBACK_FROM_LAST_GATE: Scenario = {
  name: 'rollback 1.6 from the last gate',
  options: SMALL,
  promote: ['canary'],
  rollBackAt: 'finalize',
  end: 'rolledBack',
  ...FROM_16,
};
/** Back by the 1.5 installer, which prunes the new control plane at once. */
const ROLLBACK_TO_15: Scenario = {
  name: 'rollback 1.5 from the last gate',
  options: SMALL,
  promote: ['canary'],
  rollBackAt: 'finalize',
  end: 'rolledBack',
  ...FROM_15,
};

export const SCENARIOS: readonly Scenario[] = [ROLLBACK_FROM_CANARY, ROLLBACK_FROM_LAST_GATE, UPGRADE, ROLLBACK_TO_15];

/** Directions in which a scenario has operations of its own; those of its way forward are the upgrade's. */
export function directionOf(scenario: Scenario): Direction {
  return scenario.end === 'succeeded' ? 'forward' : 'back';
}

/** What the end of a run is compared by. */
export interface Facts {
  readonly snapshot: unknown;
  readonly pods: unknown;
  readonly generations: Readonly<Record<string, number>>;
}

/** Everything that counts, as kubectl sees it. A scratch namespace takes its time to go, but go it must. */
export async function readFacts({ facts }: ProxiedMesh): Promise<Facts> {
  const areGone = async () => (await facts.list('namespaces', '-l', PROBE_LABEL)).length === 0;
  await eventually('scratch namespaces to go', areGone);
  const [snapshot, pods, generations] = await Promise.all([facts.snapshot(), facts.podsByProxy(), facts.generations()]);
  return { snapshot: comparable(snapshot), pods, generations };
}

/** Without what each cluster makes up for itself: its certificate authority and the ports of its nodes. */
function comparable(snapshot: Record<string, unknown>): unknown {
  return JSON.parse(
    JSON.stringify(snapshot, (key, value: unknown) => (key === 'caBundle' || key === 'nodePort' ? '(any)' : value)),
  );
}

/** How often each workload was restarted between two looks. */
export function restartsBetween(before: Facts, after: Facts): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after.generations).map(([name, generation]) => [name, generation - (before.generations[name] ?? 0)]),
  );
}
