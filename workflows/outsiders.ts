import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { isGuarded } from '../domain/phases.js';
import type { RunState } from '../domain/run.js';
import { guard } from './activities.js';
import type { Ledger } from './ledger.js';
import { obstacleOf } from './obstacle.js';
import { routeOf, runRefOf } from './run-facts.js';

/** So many changes are remembered as told. */
const REMEMBERED = 100;

/**
 * Looks out, beside the story, for changes that somebody else makes to what the run depends on. Each one pauses the run
 * once, with who made it and what to do (ADR 0007). While the run is held nobody looks: people may put things right.
 */
export function watchForOutsiders(ledger: Ledger): void {
  let told: string[] = [];
  let watching: CancellationScope | null = null;
  ledger.onChange((state) => {
    if (!isGuarded(state)) watching?.cancel();
  });

  const watchOnce = async (): Promise<void> => {
    const scope = new CancellationScope();
    watching = scope;
    try {
      const changes = await scope.run(() => guard.watchForOutsiders({ ...inputOf(ledger.state()), told }));
      if (changes === null) {
        await untilNotGuarded();
        return;
      }
      const message = changes.map((change) => change.message).join(' ');
      const remedy = [...new Set(changes.map((change) => change.remedy))].join('\n');
      // A run that somebody has paused in this instant hears of it when it goes on.
      if (ledger.apply({ type: 'outsideChange', message, remedy }))
        told = [...told, ...changes.map(({ key }) => key)].slice(-REMEMBERED);
    } catch (error) {
      if (isCancellation(error) && !isGuarded(ledger.state())) return;
      if (isCancellation(error)) throw error;
      ledger.remark(`changes from outside cannot be watched: ${obstacleOf(error).message}`);
      await untilNotGuarded();
    } finally {
      watching = null;
    }
  };
  const untilNotGuarded = () => condition(() => !isGuarded(ledger.state()));

  const watchForEver = async (): Promise<void> => {
    for (;;) {
      await condition(() => isGuarded(ledger.state()));
      await watchOnce();
    }
  };
  // It ends with the run, or with its cancellation: neither is news.
  watchForEver().catch(() => undefined);
}

function inputOf(state: RunState) {
  const named = (...wanted: readonly string[]) =>
    state.namespaces.filter(({ status }) => wanted.includes(status)).map(({ namespace }) => namespace);
  return {
    run: runRefOf(state),
    route: routeOf(state),
    waiting: named('waiting', 'moving', 'failed'),
    moved: named('moved'),
  };
}
