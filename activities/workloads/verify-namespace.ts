import {
  hasSidecar,
  isKept,
  isLive,
  isReady,
  proxyTagOf,
  wantsSidecar,
  whyNotReady,
  type Pod,
} from '../../domain/pod.js';
import type { SidecarTarget } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { asPod } from './owned-pods.js';
import { podsIn } from './resources.js';
import { nextChange } from './watch-rollout.js';

const LOOK_AGAIN_MS = 5_000;

/**
 * Guide, step 5.3: every pod of the namespace that should have a sidecar has the expected one and is Ready. Pods of Jobs
 * and pods without an owner are not restarted, so they are not waited for here; finalising looks at them.
 */
export function createVerifyNamespace(context: ActivityContext): Activities['verifyNamespace'] {
  return ({ run, namespace, expected, timeoutSeconds }) =>
    heartbeating(async (signal) => {
      const { stores } = context.access(run.cluster);
      const store = stores.acquire(podsIn(namespace));
      const deadline = Date.now() + timeoutSeconds * 1_000;
      try {
        await store.ready;
        for (;;) {
          signal.throwIfAborted();
          const pods = store
            .items()
            .map(asPod)
            .filter((pod) => isLive(pod) && isKept(pod) && wantsSidecar(pod));
          const behind = pods.filter((pod) => !isReady(pod) || !hasSidecar(pod, expected));
          if (behind.length === 0) return { pods: pods.length };
          const blind = store.problem();
          if (Date.now() > deadline && blind !== null) throw failure('ClusterUnreachable', blind);
          if (Date.now() > deadline) throw notMoved(run.cluster, namespace, behind, expected);
          await nextChange([store], Math.min(LOOK_AGAIN_MS, deadline - Date.now() + 1), signal);
        }
      } finally {
        stores.release(store);
      }
    });
}

function notMoved(cluster: string, namespace: string, behind: readonly Pod[], expected: SidecarTarget) {
  const missing = behind.find((pod) => proxyTagOf(pod) === null);
  const wrong = behind.find((pod) => !hasSidecar(pod, expected));
  const reason = missing ? 'SidecarMissing' : wrong ? 'SidecarWrong' : 'WorkloadNotReady';
  const named = behind.slice(0, 5).map((pod) => `${pod.metadata.name} (${whatIsIt(pod, expected)})`);
  const more = behind.length > named.length ? ` and ${behind.length - named.length} more` : '';
  const message = `In namespace ${namespace} of cluster ${cluster} ${behind.length} pods are not on proxy ${expected.proxyTag}: `;
  return failure(reason, `${message}${named.join(', ')}${more}.`);
}

function whatIsIt(pod: Pod, expected: SidecarTarget): string {
  const tag = proxyTagOf(pod);
  if (tag === null) return 'no sidecar';
  return hasSidecar(pod, expected) ? whyNotReady(pod) : `proxy ${tag}`;
}
