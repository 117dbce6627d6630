import { condition, setHandler, sleep } from '@temporalio/workflow';
import { workloadName, type WorkloadRef } from '../domain/workload.js';
import { change, read, watchFor } from './activities.js';
import { holdSignal, releaseSignal, type MigrateNamespaceInput, type MigrateNamespaceResult } from './messages.js';
import { fillSlots } from './slots.js';

/** A namespace counts as moved when so many scans in a row found nothing left, and no workload that had come meanwhile. */
const CLEAN_SCANS = 2;
/** Long enough for a pod that was admitted just before the label to show; the scans before finalising are further apart. */
const BETWEEN_SCANS = '1s';

/**
 * Moves one namespace: label, move its workloads within the budget, look for new ones, verify. While it is held no
 * restart begins; what is restarting finishes. Guide, step 5 forward and step 6 back.
 */
export async function migrateNamespace(input: MigrateNamespaceInput): Promise<MigrateNamespaceResult> {
  const { run, namespace, direction, route, parallelWorkloads, workloadTimeoutSeconds: timeoutSeconds } = input;
  const expected = direction === 'forward' ? route.to.sidecar : route.from.sidecar;
  const watch = watchFor(timeoutSeconds);
  let held = false;
  setHandler(holdSignal, () => void (held = true));
  setHandler(releaseSignal, () => void (held = false));
  const free = () => condition(() => !held);

  const seen = new Set<string>();
  let restarted = 0;
  const move = async (workload: WorkloadRef): Promise<void> => {
    const result = await watch.moveWorkload.executeWithOptions({ summary: workloadName(workload) }, [
      { run, workload, direction, expected, timeoutSeconds },
    ]);
    if (result.restarted) restarted += 1;
  };

  await free();
  await change.labelNamespace({ run, namespace, direction, route });
  let waiting = await newWorkloads();
  let pods = 0;
  for (let clean = 0; clean < CLEAN_SCANS;) {
    if (waiting.length === 0 && clean > 0) await sleep(BETWEEN_SCANS);
    await moveEach(waiting);
    const scan = await watch.verifyNamespace({ run, namespace, direction, expected, timeoutSeconds });
    const { late = [] } = scan;
    // One that had been moved already may just not be seen as such yet.
    if (late.some(isSeen)) await sleep(BETWEEN_SCANS);
    waiting = unique([...late, ...(await newWorkloads())]);
    clean = waiting.length === 0 ? clean + 1 : 0;
    pods = scan.pods;
  }
  return { workloads: restarted, pods };

  function moveEach(workloads: readonly WorkloadRef[]): Promise<void> {
    const left = [...workloads];
    const next = async () => {
      if (left.length > 0) await free();
      return left.shift() ?? null;
    };
    return fillSlots(parallelWorkloads, next, move);
  }

  function isSeen(workload: WorkloadRef): boolean {
    return seen.has(workloadName(workload));
  }

  /** Workloads that this move has not seen yet: others may have come while it went on. */
  async function newWorkloads(): Promise<WorkloadRef[]> {
    const listed = await read.listWorkloads({ run, namespace });
    const fresh = listed.filter((workload) => !isSeen(workload));
    fresh.forEach((workload) => seen.add(workloadName(workload)));
    return fresh;
  }
}

function unique(workloads: readonly WorkloadRef[]): WorkloadRef[] {
  return [...new Map(workloads.map((workload) => [workloadName(workload), workload])).values()];
}
