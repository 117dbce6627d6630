import { condition, setHandler } from '@temporalio/workflow';
import { workloadName, type WorkloadRef } from '../domain/workload.js';
import { change, read, watchFor } from './activities.js';
import { holdSignal, releaseSignal, type MigrateNamespaceInput, type MigrateNamespaceResult } from './messages.js';
import { fillSlots } from './slots.js';

/**
 * Moves one namespace: label, restart its workloads within the budget, look for new ones, verify. While it is held no
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
  for (;;) {
    const waiting = await newWorkloads();
    if (waiting.length === 0) break;
    await fillSlots(
      parallelWorkloads,
      async () => {
        if (waiting.length > 0) await free();
        return waiting.shift() ?? null;
      },
      move,
    );
  }
  const { pods } = await watch.verifyNamespace({ run, namespace, direction, expected, timeoutSeconds });
  return { workloads: restarted, pods };

  /** Workloads that this move has not seen yet: others may have come while it went on. */
  async function newWorkloads(): Promise<WorkloadRef[]> {
    const listed = await read.listWorkloads({ run, namespace });
    const fresh = listed.filter((workload) => !seen.has(workloadName(workload)));
    fresh.forEach((workload) => seen.add(workloadName(workload)));
    return fresh;
  }
}
