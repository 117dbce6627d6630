import { setTimeout as delay } from 'node:timers/promises';
import { footprintOf } from '../../domain/scheduling/footprint.js';
import { readyDelay } from '../../domain/scheduling/ready-delay.js';
import type { MovedNamespace } from '../../domain/moves-told.js';
import type { Pod } from '../../domain/pod.js';
import { actionBy, waysToReplace } from '../../domain/policy/replace-by.js';
import { driverOf, endOf } from '../../domain/plan.js';
import { isBehind } from '../../domain/rollout.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { actionFor } from '../../domain/workload-actions.js';
import { workloadName } from '../../domain/workload.js';
import type { ActivityContext } from '../context.js';
import { labelNamespace } from '../workloads/label-namespace.js';
import { listWorkloads } from '../workloads/list-workloads.js';
import { moveWorkload, standingOf } from '../workloads/move-workload.js';
import type { MovesInput } from '../contract.js';
import { asWorkload } from '../workloads/owned-pods.js';
import { verifyNamespace } from '../workloads/verify-namespace.js';
import { untilHealed } from './heal.js';
import type { MeshView, Seen } from './mesh-view.js';
import { NotBegun, type Scheduler, type Task } from './scheduler.js';
import type { Teller } from './teller.js';
import { createTurns } from './turns.js';

/** A namespace counts as moved when so many scans in a row found nothing left, and no workload that had come meanwhile. */
const CLEAN_SCANS = 2;
/** Long enough for a pod that was admitted just before the label to show; the scans before finalising are further apart. */
const BETWEEN_SCANS_MS = 1_000;

interface Tools {
  readonly context: ActivityContext;
  readonly view: MeshView;
  readonly teller: Teller;
  readonly scheduler: Scheduler;
  readonly before: Snapshot;
}

/** Moves namespaces, and knows how far it is. */
export interface NamespaceMover {
  /** @throws the first failure of the namespace, or `NotBegun` */
  move(namespace: string): Promise<MovedNamespace>;
  /** Workloads that were found so far, with the pods that each wants; and those that have moved. */
  readonly counts: () => { readonly total: number; readonly moved: number; readonly found: readonly Seen[] };
}

/** A mover of namespaces; what restarts when, the scheduler decides. */
export function createNamespaceMover(tools: Tools, input: MovesInput, signal: AbortSignal): NamespaceMover {
  const { context, view, teller, scheduler, before } = tools;
  const { run, route, direction, timeoutSeconds } = input;
  const { kube } = context.access(run.cluster);
  const { sidecar: expected } = endOf(route, direction);
  const waysOf = waysToReplace(input.replace);
  const turns = createTurns(input.namespaces, input.order);
  const found = new Map<string, Seen>();
  let moved = 0;

  // The scheduler asks for every workload that is under way, many times a second.
  const taking = new Map<string, boolean>();
  view.listen((changed) => {
    for (const name of changed) taking.delete(name);
  });
  const isTaking = (name: string, owned: () => readonly Pod[]): boolean => {
    const known = taking.get(name) ?? owned().some((pod) => isBehind(pod, expected));
    taking.set(name, known);
    return known;
  };

  const whole = { run, direction, expected, timeoutSeconds, isOrdered: input.isOrdered };

  const taskOf = (seen: Seen, begin: () => Promise<void>, onMoved: (restarted: boolean) => void): Task => {
    const { ref, object } = seen;
    const name = workloadName(ref);
    const { by } = waysOf(ref, asWorkload(object));
    const order = { ...whole, workload: ref, by };
    const owned = () => view.ownedBy(ref, view.workload(ref) ?? object);
    const standing = standingOf({ object, owned: owned() }, order);
    const action = actionBy(actionFor(ref.kind, object).action, by);
    const { unavailable, surge, rounds } = footprintOf(ref.kind, asWorkload(object), action);
    const isFree = standing === 'there';
    return {
      name,
      namespace: ref.namespace,
      place: turns.placeOf(ref.namespace),
      unavailable: isFree ? 0 : unavailable,
      surge: isFree ? 0 : surge,
      isBegun: standing === 'begun',
      isFree,
      seconds: rounds * readyDelay(owned()),
      isTaking: () => isTaking(name, owned),
      async move() {
        await begin();
        let isFirst = true;
        const { restarted } = await untilHealed(signal, () => {
          // What a watch shows of a kind that it does not follow is as old as the list; and after an error everything may be.
          const current = isFirst ? view.workload(ref) : null;
          const known = current === null ? undefined : { object: current, owned: owned() };
          const again = { ...order, isOrdered: order.isOrdered && isFirst };
          isFirst = false;
          return moveWorkload(context, again, signal, known);
        });
        moved += 1;
        onMoved(restarted);
      },
    };
  };

  const moveToEnd = async (namespace: string): Promise<MovedNamespace> => {
    let begun: Promise<void> | undefined;
    const begin = () => (begun ??= beginNamespace(namespace));
    let restarted = 0;
    const onMoved = (isRestarted: boolean) => void (restarted += isRestarted ? 1 : 0);
    const known = new Set<string>();
    const fresh = async () => {
      const listed = await untilHealed(signal, () => listWorkloads({ view, kube, driver: driverOf(route) }, namespace));
      const unknown = listed.filter(({ ref }) => !known.has(workloadName(ref)));
      unknown.forEach((seen) => known.add(workloadName(seen.ref)));
      unknown.forEach((seen) => found.set(workloadName(seen.ref), seen));
      return unknown;
    };
    const moveAll = async (seen: readonly Seen[]) => {
      const tasks = seen.map((entry) => taskOf(entry, begin, onMoved)).sort((a, b) => b.seconds - a.seconds);
      if (input.isHeld) return moveBegun(tasks);
      const first = Math.ceil((tasks.length * (input.firstPercent ?? 100)) / 100);
      await scheduler.all(tasks.slice(0, first));
      await scheduler.all(tasks.slice(first));
    };

    /** Nothing begins in a namespace that has not begun, and one that has more to do is not done. */
    const moveBegun = async (tasks: readonly Task[]) => {
      await scheduler.all(tasks.filter(({ isBegun }) => isBegun));
      const isMore = tasks.some(({ isBegun, isFree }) => !isBegun && !isFree);
      if (begun === undefined || isMore) throw new NotBegun(`${namespace} waits`);
      await scheduler.all(tasks.filter(({ isFree }) => isFree));
    };

    let waiting = await fresh();
    await turns.before(namespace);
    let pods = 0;
    for (let clean = 0; clean < CLEAN_SCANS;) {
      if (waiting.length === 0 && clean > 0) await delay(BETWEEN_SCANS_MS, undefined, { signal });
      const moving = moveAll(waiting);
      turns.known(namespace);
      await moving;
      await begin();
      const scan = await untilHealed(signal, () =>
        verifyNamespace(context, { run, namespace, direction, expected, timeoutSeconds }, signal),
      );
      const late = scan.late.flatMap((ref) => found.get(workloadName(ref)) ?? []);
      // One that had been moved already may just not be seen as such yet.
      if (late.length > 0) await delay(BETWEEN_SCANS_MS, undefined, { signal });
      waiting = [...late, ...(await fresh())];
      clean = waiting.length === 0 ? clean + 1 : 0;
      pods = scan.pods;
    }
    return { namespace, workloads: restarted, pods };
  };

  const beginNamespace = async (namespace: string): Promise<void> => {
    signal.throwIfAborted();
    await teller.started(namespace);
    await untilHealed(signal, () => labelNamespace(context, { run, namespace, direction, route, before }));
  };

  return {
    async move(namespace) {
      try {
        const result = await moveToEnd(namespace);
        teller.finished(result);
        return result;
      } catch (error) {
        const isOwn = !(error instanceof NotBegun) && !signal.aborted;
        if (isOwn) teller.failed(namespace, error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        turns.known(namespace);
      }
    },
    counts: () => ({ total: found.size, moved, found: [...found.values()] }),
  };
}
