import type { Measurement, GateVerdict } from '../../domain/gate-verdict.js';
import { healthOf } from '../../domain/gates/pod-health.js';
import { subjectOf } from '../../domain/gates/sentences.js';
import { named } from '../../domain/named.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { GateSubject } from './gate-input.js';
import { keepHealth } from './health-baseline.js';
import { openPods, watchPods, type PodSight } from './pod-watch.js';

/** Without any change in the cluster, look again that often: a pod may have been unready for too long. */
const LOOK_AGAIN_MS = 2_000;

/** What a look at the pods means. */
export function judgeSight({ complaints, pods, blind }: PodSight): Measurement {
  const common = { metric: 'pod-health', threshold: 'no worse than before the wave' };
  if (blind !== null) return { ...common, verdict: 'error', detail: `the pods cannot be seen: ${blind}` };
  const value = new Set(complaints.map(({ workload }) => workload)).size;
  if (value === 0) return { ...common, verdict: 'successful', value, detail: `${pods.length} pods` };
  const detail = named(complaints.map((each) => `${each.workload}: ${each.detail}`));
  return { ...common, verdict: 'failed', value, detail };
}

/** Notes how the workloads of a wave do before it begins, so that nobody blames the new revision for what was so before. */
export function createNotePodHealth(context: ActivityContext): Activities['notePodHealth'] {
  return async ({ run, wave, namespaces }) => {
    const pods = openPods(context, run, namespaces);
    try {
      await pods.store.ready;
      keepHealth(context.dataDir, run, wave, healthOf(pods.read(), Date.now()));
    } finally {
      pods.close();
    }
  };
}

/**
 * Watches the new pods of a wave: to a given moment, or for one look. Ends at once when a workload does worse than before.
 */
export function createWatchPodHealth(context: ActivityContext): Activities['watchPodHealth'] {
  return ({ until, ...subject }) =>
    heartbeating((signal) => {
      const { run, wave } = subject;
      const argv = ['kubectl', 'get', 'pods', '--all-namespaces', '--watch'];
      const intent = { id: `gate/${wave}/pod-health`, argv, mutating: false };
      return recordOperation(context.journal, run, intent, async (report) => {
        const end = until === undefined ? Date.now() : Date.parse(until);
        const measurement = await watchUntil(context, subject, { end, signal, report });
        const verdict = toVerdict(subject, measurement);
        return { outcome: 'succeeded', tail: verdict.sentence, value: verdict };
      });
    });
}

interface Watching {
  readonly end: number;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
}

async function watchUntil(
  context: ActivityContext,
  subject: GateSubject,
  { end, signal, report }: Watching,
): Promise<Measurement> {
  const watch = await watchPods(context, subject);
  try {
    for (;;) {
      signal.throwIfAborted();
      const measurement = judgeSight(watch.look());
      if (measurement.verdict === 'failed' || Date.now() >= end) return measurement;
      report(`${measurement.detail ?? ''}: ${measurement.verdict}`);
      await watch.next(Math.min(LOOK_AGAIN_MS, end - Date.now()), signal);
    }
  } finally {
    watch.close();
  }
}

function toVerdict(subject: GateSubject, measurement: Measurement): GateVerdict {
  const { verdict, detail = '' } = measurement;
  const whose = subjectOf({ cluster: subject.run.cluster, ...subject });
  const measurements = [measurement];
  if (verdict === 'successful') {
    return { verdict, sentence: `The new pods of ${whose} are as well as those before them.`, measurements };
  }
  const remedy =
    verdict === 'failed'
      ? 'Read `kubectl describe` and `kubectl logs --previous` of the pods. Roll back; or mend the cause, then `retry`.'
      : 'Make the API server answer, then `retry`.';
  return { verdict, sentence: `The new pods of ${whose} ${SAID[verdict]}: ${detail}.`, remedy, measurements };
}

const SAID = { failed: 'do worse than before', inconclusive: 'cannot be judged', error: 'cannot be watched' };
