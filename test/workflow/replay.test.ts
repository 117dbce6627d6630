import type { WorkflowHandle } from '@temporalio/client';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import { failure } from './support/failure.js';

const bench = openBench();
type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const replay = (history: History) => Worker.runReplayHistory({ workflowBundle: bench.bundle() }, history);

describe('the workflow code, run again over what it has done', () => {
  it('does the same, for a run that was paused, blocked, retried and promoted', async () => {
    const run = await bench.start({ canary: { cart: ['web', 'db'] }, rest: { pay: ['web'] } });
    run.mesh.script.fail('moveWorkload cart/web forward', failure('WorkloadNotReady'));
    await run.reaches('blocked');
    await run.retry();
    await run.reaches('awaitingPromotion');
    await run.pause();
    await run.resume();
    await run.promoteAll('canary', 'finalize');
    await run.end();
    await replay(await run.handle.fetchHistory());
  });

  it('does the same, for a run that was rolled back in mid-move', async () => {
    const run = await bench.start({ canary: { cart: ['web'] } });
    run.mesh.script.hold('moveWorkload cart/web forward');
    await run.mesh.script.sees('moveWorkload cart/web forward', 'begun');
    await run.rollBack();
    await run.end();
    await replay(await run.handle.fetchHistory());
  });

  it('would notice a step that the history does not have', async () => {
    const run = await bench.start({ canary: {} });
    await run.promoteAll('finalize');
    await run.end();
    const history = await run.handle.fetchHistory();
    for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? []) {
      if (scheduled?.activityType?.name === 'takeSnapshot') scheduled.activityType.name = 'installControlPlane';
    }
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
