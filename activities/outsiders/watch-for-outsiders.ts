import { setTimeout as delay } from 'node:timers/promises';
import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { isIstiodOf } from '../../domain/old-revision.js';
import type { OutsideChange } from '../../domain/outside-change.js';
import { driverOf } from '../../domain/plan.js';
import { WORKLOAD_KINDS } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { Store } from '../kube/store.js';
import type { Resource } from '../kube/types.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { nextChange } from '../workloads/watch-workload.js';
import { createBaselineKeeper, readBaseline } from './baseline.js';
import { createDeploymentLookout, type Print } from './deployments.js';
import { createNamespaceLookout } from './namespaces.js';
import { createRestartLookout } from './restarts.js';
import { begunMoves, createSteeringLookout, type Signposts } from './steering.js';

/** Changes that come together are told together. */
const GATHER_MS = 1_000;
const LOOK_AGAIN_MS = 30_000;

const NAMESPACES: Resource = { api: 'v1', plural: 'namespaces' };
const MESH: Resource = { api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE };
const WEBHOOKS: Resource = { api: 'admissionregistration.k8s.io/v1', plural: 'mutatingwebhookconfigurations' };
const GATEWAYS: Resource = { api: 'gateway.networking.k8s.io/v1', plural: 'gateways' };
const WORKLOADS: readonly Resource[] = WORKLOAD_KINDS.map((kind) => ({
  api: 'apps/v1',
  plural: `${kind.toLowerCase()}s`,
}));

/**
 * Watches, on the watches that all activities share, what a run depends on and others may change: the labels of its
 * namespaces, tags, the new istiod, the gateways, and the marks of its restarts (ADR 0007). It reads and never writes.
 */
export function createWatchForOutsiders(context: ActivityContext): Activities['watchForOutsiders'] {
  return async ({ run, route, waiting, moved: known, told: before }) => {
    if (waiting.length + known.length === 0) return null;
    return heartbeating(async (signal) => {
      const snapshot = await readSnapshot(context.dataDir, run);
      const last = readBaseline(context, run);
      const labelled = last?.moved.filter((name) => waiting.includes(name)) ?? [];
      const moved = new Set([...known, ...labelled]);
      const prints = new Map<string, Print>(last?.prints);
      const reached = new Map<string, string>(last?.reached);
      // What the run was told of and paused for, and what has not been put right since: only that is accepted.
      const told = new Set(before.filter((key) => last?.told.includes(key) ?? true));
      const { stores } = context.access(run.cluster);
      const hold = (resource: Resource) => stores.acquire(resource);
      const [namespaces, mesh, workloads] = [hold(NAMESPACES), hold(MESH), WORKLOADS.map(hold)];
      // Only current Istio has tags, and only some meshes the Gateway API.
      const isCurrent = driverOf(route) === 'istio-revisioned';
      const hasDeclared = Object.values(snapshot.gateways ?? {}).some(({ declared }) => declared !== undefined);
      const webhooks = isCurrent ? [hold(WEBHOOKS)] : [];
      const gateways = hasDeclared ? [hold(GATEWAYS)] : [];
      const held = [namespaces, mesh, ...workloads, ...webhooks, ...gateways];
      const atNamespaces = createNamespaceLookout({ run, route, before: snapshot, waiting, moved }, told);
      const atDeployments = createDeploymentLookout({ run, route }, prints, told);
      const atRestarts = createRestartLookout(run);
      const begun = new Set<string>();
      const atSignposts = createSteeringLookout({ run, route, before: snapshot }, { reached, begun }, told);
      const signposts = (): Signposts => ({
        webhooks: webhooks.flatMap((store) => store.items()),
        gateways: gateways.flatMap((store) => store.items()),
        isOldThere: mesh.items().some((object) => isIstiodOf(object.metadata.labels, route.from.revision)),
      });
      const keep = createBaselineKeeper(context, run);
      const readJournal = async () => {
        if (!isCurrent || atSignposts.unexplained(signposts()).length === 0) return;
        const operations = await context.journal.operations(run.cluster, run.runId);
        begunMoves(operations, route.to.revision).forEach((name) => begun.add(name));
      };
      const look = async () => {
        await readJournal();
        const changes = [
          ...atNamespaces(namespaces.items()),
          ...atDeployments(mesh.items()),
          ...workloads.flatMap((store) => atRestarts(store.items())),
          ...(isCurrent ? atSignposts.look(signposts()) : []),
        ];
        const steered = reached.size === 0 ? {} : { reached: [...reached] };
        keep({ moved: [...moved], prints: [...prints], ...steered, told: [...told] });
        return changes;
      };
      try {
        await Promise.all(held.map(({ ready }) => ready));
        return await firstChanges(look, held, signal);
      } finally {
        held.forEach((store) => stores.release(store));
      }
    });
  };
}

async function firstChanges(
  look: () => Promise<OutsideChange[]>,
  held: readonly Store[],
  signal: AbortSignal,
): Promise<OutsideChange[]> {
  for (;;) {
    signal.throwIfAborted();
    const first = await look();
    // What came with it: one change of a GitOps tool seldom comes alone.
    await delay(GATHER_MS, undefined, { signal });
    const changes = [...first, ...(await look())];
    if (changes.length > 0) return changes;
    await nextChange(held, LOOK_AGAIN_MS, signal);
  }
}
