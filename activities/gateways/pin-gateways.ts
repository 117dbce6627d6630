import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { askForRevision, declaredOf, type Declared } from './declared.js';

/**
 * Gives every Gateway of the Gateway API a label of its own with the revision that serves it: else a tag, or the label of its
 * namespace, would replace it the moment that one moves, with nobody watching (istio #59959).
 */
export function createPinGateways(context: ActivityContext): Activities['pinGateways'] {
  return ({ run, route, side }) =>
    heartbeating(async () => {
      for (const declared of await recorded(context, run)) {
        await askForRevision(context, run, declared, route[side].revision);
      }
    });
}

/**
 * Gives every Gateway the label back that its owner wrote, once that leads to the same revision. One whose owner named the old
 * revision itself keeps the new one's name.
 */
export function createReleaseGateways(context: ActivityContext): Activities['releaseGateways'] {
  return ({ run, route, side }) =>
    heartbeating(async () => {
      for (const declared of await recorded(context, run)) {
        const isNamed = side === 'to' && declared.revision === route.from.revision;
        await askForRevision(context, run, declared, isNamed ? route.to.revision : declared.revision);
      }
    });
}

async function recorded(context: ActivityContext, run: Parameters<typeof readSnapshot>[1]): Promise<Declared[]> {
  const { gateways = {} } = await readSnapshot(context.dataDir, run);
  return Object.entries(gateways)
    .map(([deployment, record]) => declaredOf(deployment, record))
    .filter((entry) => entry !== null);
}
