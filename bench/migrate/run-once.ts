import { auditLog, type Sandbox } from '../../sandbox/sandbox.js';
import { summariseAudit } from '../support/audit-summary.js';
import { NEW_PROXY, NEW_REVISION, thawMesh } from '../support/frozen-mesh.js';
import { startObserver, type Observer } from '../support/observer.js';
import type { Observation } from '../support/observation.js';
import { podsOfAll, sizeName, workloadsOf, type Size } from '../support/size.js';
import type { Arena, Performance } from './arena.js';
import { MOVES } from './methods.js';
import type { Method, Rate, RunResult } from './result.js';

/** One measurement. */
export interface RunSpec {
  readonly mesh: string;
  readonly size: Size;
  readonly method: Method;
  readonly rate: Rate;
  readonly round: number;
  readonly say: (line: string) => void;
}

/** When nothing has changed for so long after a method has ended, what is missing never comes. */
const STANDSTILL_MS = 60_000;

/** Brings the mesh back to its first state, moves it by one method, and says what the observer has seen. */
export async function runOnce(spec: RunSpec): Promise<RunResult> {
  const { mesh, size, method, rate, say } = spec;
  const sandbox = await thawMesh(mesh, rate === 'stock');
  const observer = await startObserver({
    kubeconfig: sandbox.adminKubeconfig,
    revision: NEW_REVISION,
    proxyTag: NEW_PROXY,
  });
  try {
    const workloads = workloadsOf(size);
    requireFirstState(observer, podsOfAll(workloads));
    const performance = await perform(method, { sandbox, size, workloads, observer, say });
    if (observer.startedAt() !== null) await untilDone(observer, say);
    return await resultOf(spec, sandbox, await observer.report(), performance);
  } finally {
    observer.kill();
  }
}

function requireFirstState(observer: Observer, pods: number): void {
  const { old, newReady, unavailable } = observer.counts();
  if (old === pods && newReady === 0 && unavailable === 0) return;
  throw new Error(
    `the mesh does not begin as it should: ${old} of ${pods} old pods, ${newReady} new, ${unavailable} missing`,
  );
}

/** A method that fails has still moved something, and the observer has seen it. */
async function perform(method: Method, arena: Arena): Promise<Performance> {
  try {
    return await MOVES[method](arena);
  } catch (error) {
    arena.say(`FAULT: ${(error as Error).message}`);
    return { faults: [(error as Error).message.slice(0, 1_000)] };
  }
}

async function untilDone(observer: Observer, say: (line: string) => void): Promise<void> {
  let last = '';
  let since = Date.now();
  while (observer.doneAt() === null) {
    const now = JSON.stringify(observer.counts());
    if (now !== last) since = Date.now();
    last = now;
    if (Date.now() - since > STANDSTILL_MS) {
      say(`nothing moves any more: ${now}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function resultOf(
  spec: RunSpec,
  { dir }: Sandbox,
  observed: Observation,
  { meshlift, faults = [] }: Performance,
): Promise<RunResult> {
  const { method, size, rate, round } = spec;
  const { startedAt, doneAt } = observed;
  // The API server writes its log a little later.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const window = [startedAt ?? 0, doneAt ?? Date.now()] as const;
  const { labels, restarts, ...observation } = observed;
  return {
    method,
    size: sizeName(size),
    rate,
    round,
    at: new Date().toISOString(),
    pods: observed.wantedPods,
    workloads: workloadsOf(size).length,
    namespaces: size.namespaces,
    seconds: startedAt === null || doneAt === null ? null : (doneAt - startedAt) / 1000,
    observation: { ...observation, restarts: restarts.length },
    requests: await summariseAudit(auditLog(dir), ...window),
    ...(meshlift === undefined ? {} : { meshlift }),
    faults: [...faults, ...faultsOf(method, observed, labels.length, size.namespaces)],
  };
}

function faultsOf(method: Method, seen: Observation, labelled: number, namespaces: number): string[] {
  const evicts = method.startsWith('h');
  return [
    ...(seen.doneAt === null ? [`not everything moved: ${seen.atEnd.old} pods are on the old proxy`] : []),
    ...(labelled === namespaces ? [] : [`${labelled} of ${namespaces} namespaces are labelled`]),
    ...(seen.gaps > 0 ? [`the observer fell behind ${seen.gaps} times: peaks may be higher`] : []),
    ...(evicts && seen.restarts.length > 0 ? [`${seen.restarts.length} workloads were restarted, not evicted`] : []),
  ];
}
