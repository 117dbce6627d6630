import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import { ActivityFailure, TimeoutFailure } from '@temporalio/common';
import type { MovesTold } from '../domain/moves-told.js';
import { policyOfWave } from '../domain/policy/of-wave.js';
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

/** What is asked of one stretch of moving. */
interface Stretch {
  readonly namespaces: readonly string[];
  /** Whether a person has just ordered it. */
  readonly isOrdered: boolean;
  /** Only what has begun goes to its end: the run is paused. */
  readonly isHeld: boolean;
}

/**
 * Has namespaces moved. A pause cuts that short, and what has begun is followed to its end meanwhile; so does leaving out a
 * namespace. Afterwards it goes on where it was.
 */
export function createMoves(ledger: Ledger): Moves {
  let current: (Stretch & { readonly scope: CancellationScope; isCut: boolean }) | null = null;
  const paused = () => ledger.state().pause !== null;

  const isLeftOut = (namespace: string) =>
    ledger.state().namespaces.some((row) => row.namespace === namespace && row.status === 'skipped');
  const mustCut = () => current !== null && (current.isHeld !== paused() || current.namespaces.some(isLeftOut));
  ledger.onChange(() => {
    if (current === null || !mustCut()) return;
    current.isCut = true;
    current.scope.cancel();
  });
  setHandler(movesSignal, (told) => note(ledger, told));

  const moveOnce = async (direction: Direction, stretch: Stretch): Promise<void> => {
    const scope = new CancellationScope();
    // One that was left out before is brought back all the same.
    const mine = { ...stretch, namespaces: stretch.namespaces.filter((name) => !isLeftOut(name)), scope, isCut: false };
    current = mine;
    try {
      const input = { ...inputFor(ledger.state(), direction, stretch.namespaces), ...stretch };
      const moved = await scope.run(() => moving.moveNamespaces(input));
      note(ledger, { direction, started: [], finished: moved.namespaces, failed: [], progress: null });
    } catch (error) {
      const isCut = mine.isCut && !CancellationScope.current().consideredCancelled;
      if (!isCut || !isCutShort(error)) throw error;
    } finally {
      current = null;
    }
  };

  return {
    settled: () => !paused() || current === null || current.isHeld,
    async moveAll(direction, pending) {
      let isOrdered = true;
      for (;;) {
        const isHeld = paused();
        const rows = pending(ledger.state());
        if (rows.length === 0) return;
        const namespaces = rows.filter((row) => !isHeld || isUnderWay(row)).map(({ namespace }) => namespace);
        if (namespaces.length > 0) await moveOnce(direction, { namespaces, isOrdered, isHeld });
        if (isHeld) await condition(() => !paused());
        isOrdered = false;
      }
    },
  };
}

/** A worker may die in the instant in which it is told: nobody tries again what is to be cut, and it ends by its time. */
function isCutShort(error: unknown): boolean {
  const isLost = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
  return isLost || isCancellation(error);
}

function isUnderWay({ status }: NamespaceState): boolean {
  return status === 'moving' || status === 'movingBack';
}

/** Notes what has happened to namespaces; told twice it changes nothing. */
function note(ledger: Ledger, { direction, started, finished, failed, progress }: MovesTold): void {
  for (const namespace of started) ledger.apply({ type: 'namespaceStarted', namespace, direction });
  for (const moved of finished) ledger.apply({ type: 'namespaceFinished', direction, ...moved });
  for (const { namespace, detail } of failed) ledger.apply({ type: 'namespaceFailed', namespace, detail });
  if (progress !== null) ledger.apply({ type: 'movesProgressed', progress });
}

/** A wave that has begun keeps its policy. */
function inputFor(state: RunState, direction: Direction, namespaces: readonly string[]) {
  const row = state.namespaces.find(({ namespace }) => namespaces.includes(namespace));
  const wave = direction === 'forward' ? row?.wave : undefined;
  const own = wave === undefined ? null : policyOfWave(state, wave);
  const { budget, replace, onFailure, timeouts } = own ?? policyOf(state);
  const { firstPercent, order } = (wave === undefined ? undefined : state.plan?.waves[wave]) ?? {};
  return {
    run: runRefOf(state),
    route: routeOf(state),
    direction,
    scope: state.namespaces.map(({ namespace }) => namespace),
    budget,
    replace,
    ...(firstPercent === undefined ? {} : { firstPercent }),
    ...(order === undefined ? {} : { order }),
    maxFailedWorkloads: onFailure.maxFailedWorkloads,
    timeoutSeconds: timeouts.workload,
  };
}
