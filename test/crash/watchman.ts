import { setTimeout as delay } from 'node:timers/promises';
import { connectAdmin, type AdminClient } from '../../sandbox/cluster/admin-client.js';
import { proxyTag, type KubeObject } from '../e2e/support/mesh-facts.js';
import type { Direction, Facts, Scenario } from './scenarios.js';
import type { ProxiedMesh } from '../support/proxied-mesh.js';

const LOOK_EVERY_MS = 500;

/** Looks at the cluster again and again while a run goes on, past the proxy, and notes what must never be. */
export interface Watchman {
  readonly violations: readonly string[];
  readonly looks: () => number;
  stop(): Promise<void>;
}

/** @param direction tells which way the run goes at the moment */
export async function startWatchman(
  mesh: ProxiedMesh,
  scenario: Scenario,
  before: Facts,
  direction: () => Direction,
): Promise<Watchman> {
  const admin = await connectAdmin(mesh.sandbox.adminKubeconfig);
  const violations = new Set<string>();
  let looks = 0;
  let stopped = false;
  const watch = async () => {
    while (!stopped) {
      for (const violation of await look(admin, scenario, before, direction())) violations.add(violation);
      looks += 1;
      await delay(LOOK_EVERY_MS);
    }
  };
  const watching = watch().catch((error: unknown) => void violations.add(`nobody could look: ${String(error)}`));
  return {
    get violations() {
      return [...violations];
    },
    looks: () => looks,
    async stop() {
      stopped = true;
      await watching;
    },
  };
}

async function look(admin: AdminClient, scenario: Scenario, before: Facts, direction: Direction): Promise<string[]> {
  // Control planes first: one that is gone in this answer must have lost its users before.
  const planes = await list(admin, '/apis/apps/v1/namespaces/istio-system/deployments');
  const [pods, ...workloads] = await Promise.all([
    list(admin, '/api/v1/pods'),
    ...['deployments', 'statefulsets', 'daemonsets'].map((plural) => list(admin, `/apis/apps/v1/${plural}`)),
  ]);
  return [
    ...aliveControlPlane(planes),
    ...orphans(planes, pods, scenario),
    ...restartedTwice(workloads.flat(), before, direction),
  ];
}

/** I1: never are both control planes absent. */
function aliveControlPlane(planes: readonly KubeObject[]): string[] {
  const alive = planes.some(
    ({ metadata, status }) => metadata.name.startsWith('istiod') && Number(status?.['availableReplicas'] ?? 0) > 0,
  );
  return alive ? [] : ['I1: no control plane is available'];
}

/** I2: a control plane is gone only when no pod has its sidecar. */
function orphans(planes: readonly KubeObject[], pods: readonly KubeObject[], scenario: Scenario): string[] {
  const names = new Set(planes.map(({ metadata }) => metadata.name));
  return (['old', 'new'] as const)
    .filter((side) => !names.has(scenario.controlPlanes[side]))
    .flatMap((side) =>
      pods
        .filter((pod) => isLive(pod) && proxyTag(pod) === scenario.proxies[side])
        .map((pod) => `I2: ${pod.metadata.name} runs ${scenario.proxies[side]} without its control plane`),
    );
}

function isLive({ metadata, status }: KubeObject): boolean {
  const over = ['Succeeded', 'Failed'].includes(String(status?.['phase']));
  return metadata.namespace !== 'istio-system' && metadata.deletionTimestamp === undefined && !over;
}

/** I3: a workload is restarted at most once per direction. */
function restartedTwice(workloads: readonly KubeObject[], before: Facts, direction: Direction): string[] {
  const allowed = direction === 'forward' ? 1 : 2;
  return workloads
    .filter(({ metadata }) => metadata.namespace !== 'istio-system')
    .map(({ kind, metadata }) => ({
      name: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      generation: metadata.generation ?? 0,
    }))
    .filter(({ name, generation }) => generation - (before.generations[name] ?? generation) > allowed)
    .map(({ name }) => `I3: ${name} was restarted more than ${allowed} times`);
}

async function list(admin: AdminClient, path: string): Promise<KubeObject[]> {
  const answer = (await admin.send('GET', path)) as unknown as { kind: string; items: KubeObject[] } | null;
  const kind = answer?.kind.replace(/List$/, '') ?? '';
  // Items of a list leave out what the list says once.
  return (answer?.items ?? []).map((item) => ({ ...item, kind }));
}
