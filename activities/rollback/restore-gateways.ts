import type { RecordedObject } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { daemonSetObstacle } from '../gateways/node-agents.js';
import { heartbeating } from '../heartbeat.js';
import { isComplete, untilHolds } from '../mesh/deployment-state.js';
import { resourceOf } from './observe.js';
import { restoreObject } from './restore.js';
import { readSnapshot } from './snapshot-file.js';

/** What pods read when they start: an add-on that came back with the new configuration would keep it. */
const READ_AT_START = ['configmaps', 'serviceaccounts', 'roles', 'rolebindings'];

/**
 * Guide, step 6, made repeatable: the recorded pod templates of the gateways come back (and those of the add-ons that
 * the install replaced with them), then their Services: the proxies of 1.5 and 1.6 listen on different ports. Never a blind
 * `rollout undo`: a second one would go forward again (pitfalls 4a.3).
 */
export function createRestoreGateways(context: ActivityContext): Activities['restoreGateways'] {
  return ({ run, timeoutSeconds }) =>
    heartbeating(async (signal) => {
      const { objects } = await readSnapshot(context.dataDir, run);
      const restore = async (plurals: readonly string[]): Promise<RecordedObject[]> => {
        const found = objects.filter((entry) => entry.namespace !== null && plurals.includes(resourceOf(entry).plural));
        for (const entry of found) await restoreObject(context, run, entry);
        return found;
      };
      await restore(READ_AT_START);
      for (const entry of (await restore(['daemonsets'])).reverse())
        await untilOnEveryNode(context, run, entry, { timeoutSeconds, signal });
      const deployments = await restore(['deployments']);
      await Promise.all(deployments.map((entry) => untilComplete(context, run, entry, { timeoutSeconds, signal })));
      await restore(['services']);
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

async function untilOnEveryNode(
  context: ActivityContext,
  run: RunRef,
  recorded: RecordedObject,
  bounds: { timeoutSeconds: number; signal: AbortSignal },
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const answer = await untilHolds(async () => {
    const object = await kube.get(resourceOf(recorded));
    return object === null ? 'it is not there' : daemonSetObstacle(object);
  }, bounds);
  if (answer === null) return;
  const name = `DaemonSet ${recorded.namespace ?? ''}/${recorded.name}`;
  const message = `In cluster ${run.cluster} ${name} is not back on every node after ${bounds.timeoutSeconds} s: ${answer}.`;
  throw failure('WorkloadNotReady', message);
}
