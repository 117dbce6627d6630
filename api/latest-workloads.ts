import type { JournalEntry } from '../domain/journal.js';
import { workloadName, type WorkloadProgress } from '../domain/workload.js';

/** The last thing that the journal says of each workload, in the order in which they were first touched. */
export function latestWorkloads(entries: readonly JournalEntry[]): readonly WorkloadProgress[] {
  const latest = new Map<string, WorkloadProgress>();
  for (const { body } of entries) {
    if (body.type === 'workload') latest.set(workloadName(body.progress.workload), body.progress);
  }
  return [...latest.values()];
}
