import { holdFence, recordFenceOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { isFailure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { named, NAMESPACES } from '../kube/resources.js';
import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { TAKEOVER_COMMAND } from '../../domain/fence.js';

/**
 * Takes the mesh for a run before it looks at it, so that plan, snapshot and work all see a mesh that nobody else changes.
 * A cluster without a mesh has nothing to take, and an identity that may not take it may not change it either: the plan
 * and the preflight checks say so in their own words.
 * @throws FencedOff when the run of another Meshlift holds it
 */
export function createHoldCluster(context: ActivityContext): Activities['holdCluster'] {
  return ({ run }) =>
    heartbeating(async () => {
      const { kube } = context.access(run.cluster);
      if ((await kube.get(named(NAMESPACES, ISTIO_NAMESPACE))) === null) return;
      try {
        await holdFence(context.journal, run);
      } catch (error) {
        if (!isFailure(error, 'PermissionDenied')) throw error;
        context.logger.warn({ err: error, run: run.runId }, 'the mesh cannot be held yet');
      }
    });
}

/** Gives the mesh back at the end of a run. What another run holds by now stays its own. */
export function createReleaseCluster(context: ActivityContext): Activities['releaseCluster'] {
  return ({ run }) =>
    heartbeating(async () => {
      const { fence } = context.journal;
      const held = await fence.isHeld(run).catch((error: unknown) => {
        if (isFailure(error, 'FencedOff') || isFailure(error, 'PermissionDenied')) return false;
        throw error;
      });
      if (!held) return;
      const argv = TAKEOVER_COMMAND.split(' ');
      await recordFenceOperation(context.journal, run, { id: 'release-cluster', argv, mutating: true }, async () => ({
        outcome: (await fence.release(run)) ? 'succeeded' : 'unchanged',
        value: undefined,
      }));
    });
}
