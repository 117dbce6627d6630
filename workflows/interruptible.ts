import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Phase } from '../domain/run.js';
import type { Ledger, NewEvent } from './ledger.js';
import { obstacleOf } from './obstacle.js';

/** One step forward: does something and says what has happened. */
export type Step = () => Promise<NewEvent>;

/**
 * Runs steps so that what leaves their phase can cut in (a rollback, a cancellation, a promotion past a gate): it ends what
 * the step is doing and waits until that has really ended. A failure blocks the run with its sentence. While the run is paused no step begins.
 */
export function createInterruptible(ledger: Ledger): (step: Step) => Promise<void> {
  let current: { readonly scope: CancellationScope; readonly phase: Phase } | null = null;
  ledger.onChange(({ phase }) => {
    if (current !== null && current.phase !== phase) current.scope.cancel();
  });

  return async (step) => {
    const { phase } = ledger.state();
    const left = () => ledger.state().phase !== phase;
    await condition(() => ledger.state().pause === null || left());
    if (left()) return;
    const scope = new CancellationScope();
    current = { scope, phase };
    try {
      const event = await scope.run(step);
      ledger.apply(event);
    } catch (error) {
      // The command that cut in has set the phase already; whatever else failed in that instant does not matter.
      if (left()) return;
      if (isCancellation(error)) throw error;
      ledger.apply({ type: 'failed', obstacle: obstacleOf(error) });
    } finally {
      current = null;
    }
  };
}
