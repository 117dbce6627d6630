import { endOf } from '../../domain/plan.js';
import { podsOf, type Budget } from '../../domain/policy/schema.js';
import type { Limits } from '../../domain/scheduling/admission.js';
import type { Direction } from '../../domain/workload.js';
import type { MovedNamespace } from '../../domain/moves-told.js';
import { isFirstTry, heartbeating } from '../heartbeat.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { createAvailability, type Availability } from './availability.js';
import { openMeshView } from './mesh-view.js';
import { createNamespaceMover } from './namespace-mover.js';
import { createPressureGauge } from './pressure.js';
import { reportProgress } from './report.js';
import { createScheduler, failureIn, NotBegun } from './scheduler.js';
import { createTeller } from './teller.js';

/**
 * Guide, step 5 forward and step 6 back, for all namespaces of a wave: labels each, moves its workloads, looks for new ones,
 * verifies. One scheduler decides for all of them what begins when, by what is available in the cluster itself (ADR 0014).
 * After a failure nothing further begins; what is under way goes to its end. Called again it goes on where it was.
 * @throws the first failure of a workload or a namespace
 */
export function createMoveNamespaces(context: ActivityContext): Activities['moveNamespaces'] {
  return (input) =>
    heartbeating(async (signal) => {
      const { run, route, direction, budget, namespaces } = input;
      const access = context.access(run.cluster);
      const view = openMeshView(access);
      const teller = createTeller(direction);
      let scheduler: ReturnType<typeof createScheduler> | undefined;
      let stopReporting: (() => void) | undefined;
      try {
        await view.ready;
        const available = createAvailability(view, new Set(input.scope), budget.minReadySeconds);
        const limits = limitsOf(budget, available, direction);
        const { revision } = endOf(route, direction);
        scheduler = createScheduler({
          atOnce: budget.maxConcurrentWorkloads,
          limits: () => limits,
          missing: available.missing,
          trouble: createPressureGauge({ access, view, available, revision }),
          maxFailures: input.maxFailedWorkloads,
        });
        view.listen(scheduler.stir);
        const before = await readSnapshot(context.dataDir, run);
        const mover = createNamespaceMover(
          { context, view, teller, scheduler, before },
          { ...input, isOrdered: input.isOrdered && isFirstTry() },
          signal,
        );
        stopReporting = reportProgress({ input, view, available, scheduler, teller, limits, mover });
        const ends = await Promise.allSettled(namespaces.map((namespace) => mover.move(namespace)));
        signal.throwIfAborted();
        return { namespaces: resultOf(ends, input.isHeld) };
      } finally {
        stopReporting?.();
        scheduler?.stop();
        view.close();
        await teller.flush();
      }
    });
}

/**
 * The budget in pods. On the way back what is missing already does not count: the upgrade may be its very cause, and must not
 * keep itself from being taken back.
 */
function limitsOf(budget: Budget, available: Availability, direction: Direction): Omit<Limits, 'atOnce'> {
  const already = available.missing();
  const [all, within] = direction === 'back' ? [already.all, already.in] : [0, () => 0];
  return {
    unavailable: podsOf(budget.maxUnavailablePods, available.wanted()) + all,
    unavailableIn: (namespace) =>
      podsOf(budget.maxUnavailablePerNamespace, available.wanted(namespace)) + within(namespace),
    surge: budget.maxSurgePods,
  };
}

/** What of some namespaces has moved. @throws the failure that counts, if there is one */
export function resultOf(ends: readonly PromiseSettledResult<MovedNamespace>[], isHeld: boolean): MovedNamespace[] {
  const failed = failureIn(ends);
  if (failed !== undefined && !(isHeld && failed instanceof NotBegun)) throw failed;
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
