import type { Rollout } from '../../domain/rollout.js';
import { workloadName, type WorkloadProgress } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import type { MoveInput } from './watch-workload.js';

/** What people are told of a workload. */
export type Told = Omit<WorkloadProgress, 'workload'>;

/**
 * Writes each step forward of a workload into the journal once.
 * @param occasion why it moves, where that is not the move itself: its steps are told anew
 */
export function createReporter(
  context: ActivityContext,
  { run, workload, direction }: Pick<MoveInput, 'run' | 'workload' | 'direction'>,
  occasion = '',
) {
  let last = '';
  return async (told: Told, topic = ''): Promise<void> => {
    const step = `${told.status}/${told.moved}${topic === '' ? '' : `/${topic}`}`;
    if (step === last) return;
    last = step;
    const key = `workload/${workloadName(workload)}/${direction}${occasion}/${step}`;
    const progress: WorkloadProgress = { workload, ...told };
    await context.journal.append(run.cluster, run.runId, [
      { key, at: new Date().toISOString(), body: { type: 'workload', progress } },
    ]);
  };
}

/** A roll-out as people are told of it. */
export function progressOf(rollout: Rollout): Told {
  const { desired, moved } = rollout;
  const status = ({ done: 'moved', moving: 'restarting', failed: 'failed' } as const)[rollout.state];
  return { status, desired, moved, ...(rollout.state === 'done' ? {} : { detail: rollout.detail }) };
}
