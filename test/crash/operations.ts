import type { Operation } from '../../domain/journal.js';
import type { Exchange } from '../support/fault-proxy.js';
import type { Direction } from './scenarios.js';

/** Just before the API server has heard of it, or just after it has done it and before the worker knows. */
export type Moment = 'before' | 'after';

/** Where the worker is killed: at one operation, at one moment. */
export interface KillPoint {
  readonly operation: string;
  readonly moment: Moment;
}

const ISTIOCTL = 'istioctl';
const LEASE = '/leases/';

/** Gives each request that changes something the name of its operation, the same in every run of a scenario. */
export function createNamer(): {
  nameOf: (exchange: Exchange, direction: Direction) => string | null;
  reset: () => void;
} {
  // Each way on its own: how many requests the way forward took must not shift the names of those on the way back.
  const installed = { forward: 0, back: 0 };
  return {
    nameOf(exchange, direction) {
      if (!exchange.isMutation || isRenewal(exchange)) return null;
      if (isIstioctl(exchange)) return `${direction} ${ISTIOCTL} ${(installed[direction] += 1)}`;
      return `${direction} ${exchange.method} ${shortPath(exchange)}`;
    },
    // A new istioctl counts from 1 again.
    reset: () => void Object.assign(installed, { forward: 0, back: 0 }),
  };
}

/** Whether a request is one of the installer's. */
export function isIstioctl({ userAgent }: Exchange): boolean {
  return !userAgent.startsWith('meshlift');
}

/** A sign of life comes when it comes: it is no operation of the run. */
export function isRenewal({ method, path }: Exchange): boolean {
  return method === 'PUT' && path.includes(LEASE);
}

/** What lies in scratch namespaces is nobody's, and is not recorded. */
export function isScratch({ path, body }: Exchange): boolean {
  return path.includes('/meshlift-probe-') || (path.endsWith('/namespaces') && body.includes('meshlift-probe-'));
}

/** `catalog deployments/search`, `namespaces/catalog`. */
function shortPath(exchange: Exchange): string {
  const short = exchange.path.replace(/^\/apis?\/(?:[^/]+\/)?v[^/]+\//, '').replace(/^namespaces\/([^/]+)\//, '$1 ');
  return exchange.method === 'POST' ? `${short}/${createdName(exchange)}` : short;
}

function createdName({ body }: Exchange): string {
  const { metadata } = JSON.parse(body) as { metadata?: { name?: string } };
  // The probe of a 1.5 control plane is a real pod with a name of its own each time.
  return (metadata?.name ?? '').replace(/^probe-[0-9a-f]+$/, 'probe');
}

/**
 * The moments at which the worker is to be killed: before and after each operation, and of the installer's many requests
 * the first, the middle one and one near the end: how many there are is not quite the same each time, and the very last one
 * of the undisturbed run may never come.
 */
export function killPoints(seen: readonly string[], direction: Direction): KillPoint[] {
  const mine = [...new Set(seen)].filter((name) => name.startsWith(`${direction} `));
  const installer = mine.filter((name) => name.includes(` ${ISTIOCTL} `));
  const chosen = new Set([
    installer[0],
    installer[Math.floor(installer.length / 2)],
    installer[Math.floor(installer.length * 0.9)],
  ]);
  return mine
    .filter((name) => !installer.includes(name) || chosen.has(name))
    .flatMap((operation) => [
      { operation, moment: 'before' as const },
      { operation, moment: 'after' as const },
    ]);
}

/**
 * Divides points into runs, neighbours into different ones: what is killed again and again is tried again ever more slowly.
 * A run has one kill of the installer at most: it counts anew each time.
 */
export function packRuns(points: readonly KillPoint[], perRun: number): KillPoint[][] {
  const runs: KillPoint[][] = Array.from({ length: Math.ceil(points.length / perRun) }, () => []);
  for (const [index, point] of points.entries()) {
    const fits = (run: readonly KillPoint[]) =>
      run.length < perRun && !(isOfInstaller(point) && run.some(isOfInstaller));
    const first = index % runs.length;
    const found = [...runs.slice(first), ...runs.slice(0, first)].find(fits);
    if (found === undefined) runs.push([point]);
    else found.push(point);
  }
  return runs.filter((run) => run.length > 0);
}

function isOfInstaller({ operation }: KillPoint): boolean {
  return operation.includes(` ${ISTIOCTL} `);
}

/** Whether the journal has an operation, begun and not ended, that this request belongs to (I4). */
export function isRecorded(exchange: Exchange, operations: readonly Operation[]): boolean {
  const open = operations.filter(({ mutating, outcome }) => mutating && outcome === null);
  if (isIstioctl(exchange)) return open.some(({ argv }) => argv[0] === ISTIOCTL);
  const name = exchange.method === 'POST' ? createdName(exchange) : lastOf(exchange.path);
  return open.some(({ argv }) => argv.join(' ').includes(decodeURIComponent(name)));
}

function lastOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}
