import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  defineSignal,
  isCancellation,
  setHandler,
  sleep,
  startChild,
  getExternalWorkflowHandle,
} from '@temporalio/workflow';
import { cancelledOnceStarted } from '../../../workflows/cancelled-once-started.js';

/** Workflows of test/workflow/late-cancellation.test.ts: a move that is cancelled before the answer to its start has come. */

const endedSignal = defineSignal('ended');

/** Begins a move, cancels it in the same instant, and tells in which order what ended. */
export async function cancelsAtOnce(parentId: string): Promise<string[]> {
  const order: string[] = [];
  setHandler(endedSignal, () => void order.push('the move'));
  const scope = new CancellationScope();
  const moving = scope.run(() =>
    cancelledOnceStarted(async (inner) => {
      const child = await inner.run(() =>
        startChild(takesItsTime, {
          args: [parentId],
          workflowId: `${parentId}/move`,
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        }),
      );
      order.push('the start');
      return { result: () => child.result() };
    }),
  );
  scope.cancel();
  await moving.catch((error: unknown) => order.push(isCancellation(error) ? 'the wait' : String(error)));
  return order;
}

/** A move that has something to finish when it is cancelled, and says when it has. */
export async function takesItsTime(parentId: string): Promise<void> {
  try {
    await condition(() => false);
  } finally {
    await CancellationScope.nonCancellable(async () => {
      await sleep('1s');
      await getExternalWorkflowHandle(parentId).signal(endedSignal);
    });
  }
}
