import { placeOf } from '../../domain/gateways.js';
import { isInPlace, type Route } from '../../domain/plan.js';
import { isBehind } from '../../domain/rollout.js';
import type { SidecarTarget } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities, MoveResult } from '../contract.js';
import { heartbeating, isFirstTry } from '../heartbeat.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { moveWorkload } from '../workloads/move-workload.js';
import { ownedPods } from '../workloads/owned-pods.js';
import { podsIn, workloadResource } from '../workloads/resources.js';
import type { MoveInput } from '../workloads/watch-workload.js';
import { raiseCanary, removeCanary } from './canary.js';
import { askForRevision, declaredOf } from './declared.js';
import { followProxies } from './follow-proxies.js';
import { requireFront } from './gateways.js';

/**
 * Moves one gateway in either direction, and proves that people outside find it where they found it (pitfalls 4d). One of the Gateway
 * API moves by its label; an injected one by its own rolling update, behind a canary; one of the installer comes here in place only.
 * @throws GatewayChanged when an address, a traffic policy, an autoscaler or a budget is not as before; else as `moveWorkload`
 */
export function createMoveGateway(context: ActivityContext): Activities['moveGateway'] {
  return ({ run, route, gateway, direction, timeoutSeconds }) =>
    heartbeating(async (signal): Promise<MoveResult> => {
      const { kube } = context.access(run.cluster);
      const workload = { kind: 'Deployment' as const, ...placeOf(gateway) };
      const side = direction === 'forward' ? 'to' : 'from';
      const expected = proxyOf(route, side);
      const input = { run, workload, direction, expected, timeoutSeconds, isOrdered: isFirstTry() };
      const before = await readSnapshot(context.dataDir, run);
      const record = before.gateways?.[gateway.deployment];
      const object = await kube.get(workloadResource(workload));
      if (record === undefined || object === null) return { workload, pods: 0, restarted: false };
      const declared = declaredOf(gateway.deployment, record);
      let result: MoveResult;
      if (declared === null) {
        const canary = { ...input, revision: route.to.revision };
        // The installer's own are moved by it, or, in place, like any other workload.
        const mayHaveOne = direction === 'forward' && gateway.kind === 'injected';
        const needsOne = mayHaveOne && (await isToMove(kube, object, input));
        if (needsOne) await raiseCanary(context, canary, object, signal);
        result = await moveWorkload(context, input, signal);
        await removeCanary(context, canary);
      } else {
        // In place istiod rolls it out by itself, and it goes on asking for what it asks for.
        if (!isInPlace(route)) await askForRevision(context, run, declared, route[side].revision);
        const { moved } = await followProxies(context, input, signal);
        result = { workload, pods: moved, restarted: true };
      }
      await requireFront(kube, run, before, gateway.deployment);
      return result;
    });
}

/** What the pods of a gateway should run on one side of the route. */
export function proxyOf(route: Route, side: 'from' | 'to'): SidecarTarget {
  return { ...route[side].sidecar, of: 'gateways' };
}

async function isToMove(kube: KubeClient, object: KubeObject, { workload, expected }: MoveInput): Promise<boolean> {
  const { items } = await kube.list(podsIn(workload.namespace));
  return ownedPods('Deployment', object, items).some((pod) => isBehind(pod, expected));
}
