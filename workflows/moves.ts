import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { MovesTold } from '../domain/moves-told.js';
import type { NamespaceState, RunState } from '../domain/run.js';
import type { Direction } from '../domain/workload.js';
import { moving } from './activities.js';
import type { Ledger } from './ledger.js';
import { movesSignal } from './messages.js';
import { policyOf, routeOf, runRefOf } from './run-facts.js';

/** The moves of namespaces that are under way, and whether they are held. */
export interface Moves {
  /**
   * Moves namespaces, all of them by one scheduler (ADR 0014).
   * @param pending the rows that are still to be moved; asked anew when the run goes on after a pause or a skip
   * @throws the first failure of a workload or a namespace, after what was under way has ended
   */
  moveAll(direction: Direction, pending: (state: RunState) => readonly NamespaceState[]): Promise<void>;
  /** Whether no restart can begin any more where the run is paused. */
  readonly settled: () => boolean;
}

/** Has namespaces moved, and cuts that short when the run is paused or one of them is left out: it goes on where it was. */
export function createMoves(ledger: Ledger): Moves {
  let current: { readonly scope: CancellationScope; readonly namespaces: readonly string[] } | null = null;
  const paused = () => ledger.state().pause !== null;

  const isLeftOut = (namespace: string) =>
    ledger.state().namespaces.some((row) => row.namespace === namespace && row.status === 'skipped');
  const mustCut = () => paused() || current?.namespaces.some(isLeftOut) === true;
  ledger.onChange(() => {
    if (mustCut()) current?.scope.cancel();
  });
  setHandler(movesSignal, (told) => note(ledger, told));

  const moveOnce = async (direction: Direction, namespaces: readonly string[], isOrdered: boolean): Promise<void> => {
    const scope = new CancellationScope();
    // One that was left out before is brought back all the same.
    current = { scope, namespaces: namespaces.filter((namespace) => !isLeftOut(namespace)) };
    try {
      const input = { ...inputFor(ledger.state(), direction, namespaces), isOrdered };
      const moved = await scope.run(() => moving.moveNamespaces(input));
      note(ledger, { direction, started: [], finished: moved.namespaces, failed: [], progress: null });
    } catch (error) {
      const isCut = mustCut() && !CancellationScope.current().consideredCancelled;
      if (!isCancellation(error) || !isCut) throw error;
    } finally {
      current = null;
    }
  };

  return {
    settled: () => !paused() || current === null,
    async moveAll(direction, pending) {
      for (let isOrdered = true; ; isOrdered = false) {
        await condition(() => !paused());
        const namespaces = pending(ledger.state()).map(({ namespace }) => namespace);
        if (namespaces.length === 0) return;
        await moveOnce(direction, namespaces, isOrdered);
      }
    },
  };
}

/** Notes what has happened to namespaces; told twice it changes nothing. */
function note(ledger: Ledger, { direction, started, finished, failed, progress }: MovesTold): void {
  for (const namespace of started) ledger.apply({ type: 'namespaceStarted', namespace, direction });
  for (const moved of finished) ledger.apply({ type: 'namespaceFinished', direction, ...moved });
  for (const { namespace, detail } of failed) ledger.apply({ type: 'namespaceFailed', namespace, detail });
  if (progress !== null) ledger.apply({ type: 'movesProgressed', progress });
}

function inputFor(state: RunState, direction: Direction, namespaces: readonly string[]) {
  const { budget, replace, onFailure, timeouts } = policyOf(state);
  return {
    run: runRefOf(state),
    route: routeOf(state),
    direction,
    namespaces,
    scope: state.namespaces.map(({ namespace }) => namespace),
    budget,
    replace,
    maxFailedWorkloads: onFailure.maxFailedWorkloads,
    timeoutSeconds: timeouts.workload,
  };
}
