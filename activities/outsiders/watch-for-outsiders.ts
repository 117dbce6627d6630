import { activityInfo } from '@temporalio/activity';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ISTIO_NAMESPACE } from '../../domain/names.js';
import type { OutsideChange } from '../../domain/outside-change.js';
import { WORKLOAD_KINDS } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { Store } from '../kube/store.js';
import type { Resource } from '../kube/types.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { nextChange } from '../workloads/watch-workload.js';
import { createDeploymentLookout, type Print } from './deployments.js';
import { createNamespaceLookout } from './namespaces.js';
import { createRestartLookout } from './restarts.js';

/** Changes that come together are told together. */
const GATHER_MS = 300;
const LOOK_AGAIN_MS = 30_000;

const NAMESPACES: Resource = { api: 'v1', plural: 'namespaces' };
const MESH: Resource = { api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE };
const WORKLOADS: readonly Resource[] = WORKLOAD_KINDS.map((kind) => ({
  api: 'apps/v1',
  plural: `${kind.toLowerCase()}s`,
}));

/** What an attempt leaves for the next one, should its worker die. */
const detailsSchema = z.object({
  moved: z.array(z.string()),
  prints: z.array(z.tuple([z.string(), z.object({ uid: z.string(), digest: z.string() })])),
});

/**
 * Watches, on the watches that all activities share, what a run depends on and others may change: the labels of its
 * namespaces, the new istiod, the gateways, and the marks of its restarts (ADR 0007). It reads and never writes.
 */
export function createWatchForOutsiders(context: ActivityContext): Activities['watchForOutsiders'] {
  return async ({ run, route, waiting, moved: known, told: before }) => {
    if (waiting.length + known.length === 0) return null;
    const left = detailsSchema.safeParse(activityInfo().heartbeatDetails).data;
    const moved = new Set([...known, ...(left?.moved ?? [])]);
    const prints = new Map<string, Print>(left?.prints);
    const told = new Set(before);
    return heartbeating(
      async (signal) => {
        const snapshot = await readSnapshot(context.dataDir, run);
        const { stores } = context.access(run.cluster);
        const hold = (resource: Resource) => stores.acquire(resource);
        const [namespaces, mesh, workloads] = [hold(NAMESPACES), hold(MESH), WORKLOADS.map(hold)];
        const held = [namespaces, mesh, ...workloads];
        const atNamespaces = createNamespaceLookout({ run, route, before: snapshot, waiting, moved }, told);
        const atDeployments = createDeploymentLookout({ run, route }, prints, told);
        const atRestarts = createRestartLookout(run);
        const look = () => [
          ...atNamespaces(namespaces.items()),
          ...atDeployments(mesh.items()),
          ...workloads.flatMap((store) => atRestarts(store.items())),
        ];
        try {
          await Promise.all(held.map(({ ready }) => ready));
          return await firstChanges(look, held, signal);
        } finally {
          held.forEach((store) => stores.release(store));
        }
      },
      () => ({ moved: [...moved], prints: [...prints] }),
    );
  };
}

async function firstChanges(
  look: () => OutsideChange[],
  held: readonly Store[],
  signal: AbortSignal,
): Promise<OutsideChange[]> {
  for (;;) {
    signal.throwIfAborted();
    const first = look();
    // What came with it: one change of a GitOps tool seldom comes alone.
    await delay(GATHER_MS, undefined, { signal });
    const changes = [...first, ...look()];
    if (changes.length > 0) return changes;
    await nextChange(held, LOOK_AGAIN_MS, signal);
  }
}
