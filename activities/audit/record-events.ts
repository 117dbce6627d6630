import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';

/** Appends the run's own transitions to its journal. An entry that was written before is dropped by its key. */
export function createRecordEvents({ journal }: ActivityContext): Activities['recordEvents'] {
  return ({ run, entries }) => journal.append(run.cluster, run.runId, entries);
}
