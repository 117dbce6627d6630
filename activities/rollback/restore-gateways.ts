import type { RecordedObject } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { daemonSetObstacle } from '../gateways/node-agents.js';
import { recordedOwner } from '../helm/releases.js';
import { takeBackRelease } from '../helm/upgrade-release.js';
import { heartbeating } from '../heartbeat.js';
import { isComplete, untilHolds } from '../mesh/deployment-state.js';
import type { KubeObject } from '../kube/types.js';
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
      const { objects, helm } = await readSnapshot(context.dataDir, run);
      const restore = async (plurals: readonly string[]): Promise<RecordedObject[]> => {
        const found = objects.filter((entry) => entry.namespace !== null && plurals.includes(resourceOf(entry).plural));
        for (const entry of found) await restoreObject(context, run, entry);
        return found;
      };
      await restore(READ_AT_START);
      const bounds = { timeoutSeconds, signal };
      if (helm !== undefined) await takeBackAgents(context, run, objects, signal);
      for (const running of [DAEMON_SETS, DEPLOYMENTS]) {
        const restored = await restore([running.plural]);
        await Promise.all(restored.map((entry) => untilWhole(context, run, { ...running, entry }, bounds)));
      }
      await restore(['services']);
    });
}

/** What runs on every node goes back by the one who keeps it: then Helm's record of it is right, too. */
async function takeBackAgents(
  context: ActivityContext,
  run: RunRef,
  objects: readonly RecordedObject[],
  signal: AbortSignal,
): Promise<void> {
  const releases = objects.filter((entry) => resourceOf(entry).plural === DAEMON_SETS.plural).map(recordedOwner);
  for (const ref of releases.filter((owner) => owner !== null)) await takeBackRelease({ context, run, signal }, ref);
}

/** What runs the gateways and add-ons, and what one of them lacks after so many seconds: null, or the rest of a sentence. */
interface Running {
  readonly plural: string;
  readonly kind: string;
  readonly lack: (object: KubeObject | null, seconds: number) => string | null;
}

const DEPLOYMENTS: Running = {
  plural: 'deployments',
  kind: 'Deployment',
  lack: (object, seconds) =>
    object !== null && isComplete(object) ? null : `is not complete again after ${seconds} s`,
};

const DAEMON_SETS: Running = {
  plural: 'daemonsets',
  kind: 'DaemonSet',
  lack: (object, seconds) => {
    const missing = object === null ? 'it is not there' : daemonSetObstacle(object);
    return missing === null ? null : `is not back on every node after ${seconds} s: ${missing}`;
  },
};

async function untilWhole(
  context: ActivityContext,
  run: RunRef,
  { kind, lack, entry }: Running & { readonly entry: RecordedObject },
  bounds: { timeoutSeconds: number; signal: AbortSignal },
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const answer = await untilHolds(async () => lack(await kube.get(resourceOf(entry)), bounds.timeoutSeconds), bounds);
  if (answer === null) return;
  const name = `${kind} ${entry.namespace ?? ''}/${entry.name}`;
  throw failure('WorkloadNotReady', `In cluster ${run.cluster} ${name} ${answer}.`);
}
