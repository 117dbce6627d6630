import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { reasonOf, statusOf } from '../kube/failures.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { FENCE, LEASES, holderOf, leaseFor, renewedAt, takenBy, type Holder } from './lease.js';

/**
 * Keeps a second Meshlift, with another Temporal, away from a mesh that a run is changing (ADR 0008). A fence, not a lock:
 * it does not expire, no clock decides who holds it, and every mutating operation looks at it again.
 */
export interface Fence {
  /**
   * Whether this run holds the mesh.
   * @returns false when nobody does
   * @throws FencedOff when another run does
   */
  isHeld(run: RunRef): Promise<boolean>;
  /** Takes a mesh that nobody holds. @returns false when this run held it already @throws FencedOff */
  acquire(run: RunRef): Promise<boolean>;
  /** Gives the mesh back. @returns false when this run did not hold it */
  release(run: RunRef): Promise<boolean>;
}

export interface FenceOptions {
  /** The API server of a cluster, without the guard that the fence itself stands behind. */
  readonly kube: (cluster: string) => KubeClient;
  readonly serverId: () => string;
}

/** So often a holder writes a sign of life at most: many workloads restart at once, and each of them looks. */
const RENEW_EVERY_MS = 10_000;
/** Two writers of one run may meet; each of them has written by then. */
const MEETINGS = 5;

export function createFence({ kube, serverId }: FenceOptions): Fence {
  const renewed = new Map<string, number>();

  /** A sign of life, now and then. Somebody else's write in between is no failure: the next look sees it. */
  const renew = async (run: RunRef, lease: KubeObject): Promise<void> => {
    const now = performance.now();
    if (now - (renewed.get(run.runId) ?? -Infinity) < RENEW_EVERY_MS) return;
    renewed.set(run.runId, now);
    await unlessChanged(() => kube(run.cluster).replace(FENCE, renewedAt(lease, new Date())));
  };

  const find = async (run: RunRef): Promise<{ lease: KubeObject | null; mine: boolean }> => {
    const lease = await kube(run.cluster).get(FENCE);
    const holder = lease === null ? null : holderOf(lease);
    if (holder === null) return { lease, mine: false };
    if (holder.runId !== run.runId) throw fencedOff(run, holder);
    return { lease, mine: true };
  };

  /** One try. @returns false when somebody else has written in between */
  const take = async (run: RunRef, lease: KubeObject | null): Promise<boolean> => {
    const at = new Date();
    if (lease !== null) {
      const taken = takenBy(lease, run, { server: serverId(), at });
      return unlessChanged(() => kube(run.cluster).replace(FENCE, taken));
    }
    return unlessChanged(() => kube(run.cluster).create(LEASES, leaseFor(run, serverId(), at)));
  };

  const look = async (run: RunRef): Promise<boolean> => {
    const { lease, mine } = await find(run);
    if (mine && lease !== null) await renew(run, lease);
    return mine;
  };
  const shared = createSharedLooks(look);

  return {
    isHeld: shared,
    async acquire(run) {
      for (let meeting = 0; meeting < MEETINGS; meeting++) {
        const { lease, mine } = await find(run);
        if (mine) return meeting > 0;
        await take(run, lease);
      }
      throw failure('ClusterUnreachable', `The Lease that guards cluster ${run.cluster} keeps changing.`);
    },
    async release(run) {
      const lease = await kube(run.cluster).get(FENCE);
      const uid = lease?.metadata.uid;
      if (lease === null || uid === undefined || holderOf(lease)?.runId !== run.runId) return false;
      renewed.delete(run.runId);
      return kube(run.cluster).delete(FENCE, { uid });
    },
  };
}

/** Many workloads restart at once: whoever asks while a look is under way shares the next one, which begins after the question. */
function createSharedLooks(look: (run: RunRef) => Promise<boolean>): (run: RunRef) => Promise<boolean> {
  const current = new Map<string, Promise<boolean>>();
  const next = new Map<string, Promise<boolean>>();
  const begin = (run: RunRef): Promise<boolean> => {
    const mine = look(run).finally(() => {
      if (current.get(run.runId) === mine) current.delete(run.runId);
    });
    current.set(run.runId, mine);
    return mine;
  };
  return (run) => {
    const under = current.get(run.runId);
    if (under === undefined) return begin(run);
    const following =
      next.get(run.runId) ??
      under
        .catch(() => undefined)
        .then(() => {
          next.delete(run.runId);
          return begin(run);
        });
    next.set(run.runId, following);
    return following;
  };
}

function fencedOff(run: RunRef, { server, runId, cluster, since, renewed }: Holder) {
  const where = cluster === run.cluster ? '' : ` (there it is called ${cluster})`;
  return failure(
    'FencedOff',
    `Cluster ${run.cluster} is held by run ${runId} of Meshlift ${server}${where} since ${since}; its last sign of life is of ${renewed}.`,
  );
}

/** @returns false when another writer was faster */
async function unlessChanged(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    const gone = statusOf(error) === 404 && reasonOf(error) === 'NotFound';
    if (statusOf(error) === 409 || gone) return false;
    throw error;
  }
}
