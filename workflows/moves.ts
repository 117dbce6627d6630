import { ChildWorkflowCancellationType, condition, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { NamespaceState, RunState } from '../domain/run.js';
import type { Direction } from '../domain/workload.js';
import { cancelledOnceStarted } from './cancelled-once-started.js';
import type { Ledger } from './ledger.js';
import {
  holdSignal,
  MIGRATE_NAMESPACE_WORKFLOW,
  migrateWorkflowId,
  releaseSignal,
  type MigrateNamespaceInput,
  type MigrateNamespaceResult,
} from './messages.js';
import { obstacleOf } from './obstacle.js';
import { runRefOf } from './run-facts.js';
import { fillSlots } from './slots.js';

type Move = ChildWorkflowHandle<(input: MigrateNamespaceInput) => Promise<MigrateNamespaceResult>>;

/** The moves of namespaces that are under way, and whether they are held. */
export interface Moves {
  /**
   * Moves namespaces, as many at once as the budget allows.
   * @param pending the rows that are still to be moved; asked anew for each free slot, so that a skip takes effect
   * @throws the first failure of a namespace, after the ones under way have ended
   */
  moveAll(direction: Direction, pending: (state: RunState) => readonly NamespaceState[]): Promise<void>;
  /** Whether every move that is under way knows of the present pause, or of its end. */
  readonly settled: () => boolean;
}

/** Runs each namespace as a child workflow, and passes a pause on to all that are under way. */
export function createMoves(ledger: Ledger): Moves {
  const running = new Map<Move, { held: boolean }>();
  const paused = () => ledger.state().pause !== null;
  const settled = () => [...running.values()].every(({ held }) => held === paused());

  /** Passes the pause on for as long as there are moves; a move that has ended in the meantime needs to know nothing. */
  const passPauseOn = async (finished: () => boolean): Promise<void> => {
    for (;;) {
      await condition(() => finished() || !settled());
      if (finished()) return;
      const held = paused();
      await Promise.all(
        [...running]
          .filter(([, entry]) => entry.held !== held)
          .map(async ([move, entry]) => {
            await move.signal(held ? holdSignal : releaseSignal).catch(() => undefined);
            entry.held = held;
          }),
      );
    }
  };

  const moveOne = async (namespace: string, direction: Direction): Promise<void> => {
    const input = inputFor(ledger.state(), namespace, direction);
    ledger.apply({ type: 'namespaceStarted', namespace, direction });
    try {
      const { workloads, pods } = await cancelledOnceStarted(async (scope) => {
        const move = await scope.run(() => startMove(input));
        running.set(move, { held: false });
        return { result: () => move.result().finally(() => running.delete(move)) };
      });
      ledger.apply({ type: 'namespaceFinished', namespace, direction, workloads, pods });
    } catch (error) {
      ledger.apply({ type: 'namespaceFailed', namespace, detail: obstacleOf(error).message });
      throw error;
    }
  };

  return {
    settled,
    async moveAll(direction, pending) {
      const begun = new Set<string>();
      let finished = false;
      const passing = passPauseOn(() => finished);
      // A rollback cuts both off at once; what it does to this one must not go unheard, nor be told twice.
      passing.catch(() => undefined);
      try {
        await fillSlots(
          4,
          async () => {
            await condition(() => !paused());
            const row = pending(ledger.state()).find(({ namespace }) => !begun.has(namespace));
            if (row === undefined) return null;
            begun.add(row.namespace);
            return row.namespace;
          },
          (namespace) => moveOne(namespace, direction),
        );
      } finally {
        finished = true;
      }
      await passing;
    },
  };
}

function startMove(input: MigrateNamespaceInput): Promise<Move> {
  return startChild<(input: MigrateNamespaceInput) => Promise<MigrateNamespaceResult>>(MIGRATE_NAMESPACE_WORKFLOW, {
    workflowId: migrateWorkflowId(input),
    args: [input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    staticSummary: `${input.namespace}, ${input.direction}`,
  });
}

function inputFor(state: RunState, namespace: string, direction: Direction): MigrateNamespaceInput {
  const { plan } = state;
  if (plan?.route == null) throw new Error('a namespace cannot move without a plan');
  return {
    run: runRefOf(state),
    namespace,
    direction,
    route: plan.route,
    parallelWorkloads: 8,
    workloadTimeoutSeconds: plan.policy.timeouts.workload,
  };
}
