import type { RecordedObject } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { isComplete, untilHolds } from '../mesh/deployment-state.js';
import { resourceOf } from './observe.js';
import { restoreObject } from './restore.js';
import { readSnapshot } from './snapshot-file.js';

/**
 * Guide, step 6, made repeatable: the recorded pod templates of the gateways come back (and those of the add-ons that
 * the install replaced with them). Never a blind `rollout undo`: a second one would go forward again (pitfalls 4a.3).
 */
export function createRestoreGateways(context: ActivityContext): Activities['restoreGateways'] {
  return ({ run, timeoutSeconds }) =>
    heartbeating(async (signal) => {
      const snapshot = await readSnapshot(context.dataDir, run);
      const deployments = snapshot.objects.filter(({ collection }) => collection.endsWith('/deployments'));
      for (const deployment of deployments) await restoreObject(context, run, deployment);
      await Promise.all(deployments.map((entry) => untilComplete(context, run, entry, { timeoutSeconds, signal })));
    });
}

async function untilComplete(
  context: ActivityContext,
  run: RunRef,
  recorded: RecordedObject,
  bounds: { timeoutSeconds: number; signal: AbortSignal },
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const name = `Deployment ${recorded.namespace ?? ''}/${recorded.name}`;
  const answer = await untilHolds(async () => {
    const object = await kube.get(resourceOf(recorded));
    return object !== null && isComplete(object) ? null : `${name} is not complete again`;
  }, bounds);
  if (answer !== null)
    throw failure('WorkloadNotReady', `In cluster ${run.cluster} ${answer} after ${bounds.timeoutSeconds} s.`);
}
