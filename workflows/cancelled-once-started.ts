import { CancellationScope } from '@temporalio/workflow';

/**
 * Keeps a cancellation back until the move has really started. One that came between the request to start it and the
 * answer would be taken for its end, and a rollback would begin beside a move that still goes on.
 * @param start begins the move within the scope that is cancelled afterwards, and gives what waits for its end
 */
export function cancelledOnceStarted<Result>(
  start: (scope: CancellationScope) => Promise<{ readonly result: () => Promise<Result> }>,
): Promise<Result> {
  const outer = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    const scope = new CancellationScope();
    const { result } = await start(scope);
    outer.cancelRequested.catch(() => scope.cancel());
    return scope.run(result);
  });
}
