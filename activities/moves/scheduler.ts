import { admit, type Claim, type Exhausted, type Limits, type Missing } from '../../domain/scheduling/admission.js';
import { narrowed, openWindow, widened, type Window } from '../../domain/scheduling/window.js';

/** A workload to be moved. */
export interface Task extends Claim {
  /** It goes on with what has begun already: the budget cannot hold it back any more. */
  readonly isBegun: boolean;
  /** There is nothing to do for it, so that it takes nothing of the budget. */
  readonly isFree: boolean;
  /** How long it takes, in seconds as far as anybody can tell: of one place the longest begin first. */
  readonly seconds: number;
  /** Whether pods of it are still to be replaced: if not, it takes nothing of the budget any more, but for what is missing. */
  readonly isTaking: () => boolean;
  /** Moves it to its end. @throws the failure */
  readonly move: () => Promise<void>;
}

/** What the scheduler goes by. */
export interface SchedulerRules {
  readonly atOnce: number | 'auto';
  readonly limits: () => Omit<Limits, 'atOnce'>;
  readonly missing: () => Missing;
  /** Why the cluster cannot bear more at the moment; null when it can. */
  readonly trouble: () => string | null;
  /** More failures than so many, and nothing further begins. */
  readonly maxFailures: number;
}

/** Moves workloads, as many at once as the budget allows, from whatever namespace they are. */
export interface Scheduler {
  /** Moves these. Settles when all have ended. @throws the first failure; {@link NotBegun} when one must not begin any more */
  all(tasks: readonly Task[]): Promise<void>;
  /** Something has changed in the cluster. */
  readonly stir: () => void;
  /** Ends what waits; what is under way goes on. */
  stop(): void;
  readonly standing: () => { readonly moving: number; readonly waiting: number; readonly holding: string | null };
}

/** A workload was not moved, because another one has failed. */
export class NotBegun extends Error {
  override readonly name = 'NotBegun';
}

/** The failure of several that counts: the first one, and what was merely not begun only where there is no other. */
export function failureIn(ends: readonly PromiseSettledResult<unknown>[]): Error | undefined {
  const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
  return errors.find((error) => !(error instanceof NotBegun)) ?? errors[0];
}

interface Waiting {
  readonly task: Task;
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
}

/** Looks again, even when nothing tells: the window grows, and young pods come of age. */
const TICK_MS = 250;
/** Changes that come together are looked at together. */
const GATHER_MS = 50;
/** While trouble lasts, the window is not halved more often. */
const NARROW_EVERY_MS = 5_000;

/** One scheduler for all namespaces of a wave. Whoever makes it must {@link Scheduler.stop} it. */
export function createScheduler(rules: SchedulerRules): Scheduler {
  const moving = new Map<string, Task>();
  let waiting: Waiting[] = [];
  let window: Window = openWindow(rules.atOnce);
  let narrowedAt = Number.NEGATIVE_INFINITY;
  let holding: string | null = null;
  let failures = 0;
  let isStopped = false;
  let gathering: NodeJS.Timeout | undefined;

  const pass = (): void => {
    if (isStopped || waiting.length === 0) {
      holding = null;
      return;
    }
    const trouble = rules.trouble();
    if (trouble !== null) {
      narrow();
      holding = trouble;
      return;
    }
    const missing = rules.missing();
    const limits = { ...rules.limits(), atOnce: window.size };
    const claims = waiting.map(({ task }) => task);
    const { begin, held } = admit(claims, { moving: [...moving.values()].map(atPresent), missing }, limits);
    const begun = new Set<Claim>(begin);
    const due = waiting.filter(({ task }) => begun.has(task));
    waiting = waiting.filter(({ task }) => !begun.has(task));
    due.forEach((entry) => entry.begin());
    const isHeld = held !== null && moving.size === 0;
    holding = isHeld ? whyHeld(held.claim, held.by, { missing, limits }) : null;
  };
  const narrow = () => {
    if (rules.atOnce !== 'auto' || performance.now() - narrowedAt < NARROW_EVERY_MS) return;
    narrowedAt = performance.now();
    window = narrowed(window, moving.size);
  };
  const tick = setInterval(() => {
    if (rules.atOnce === 'auto' && holding === null && moving.size >= window.size) window = widened(window);
    pass();
  }, TICK_MS);
  const stir = () => {
    if (waiting.length === 0) return;
    gathering ??= setTimeout(() => {
      gathering = undefined;
      pass();
    }, GATHER_MS);
  };
  const refuseAll = () => {
    isStopped = true;
    const left = waiting;
    waiting = [];
    left.forEach(({ task, refuse }) => refuse(new NotBegun(`${task.name} was not begun`)));
  };

  const run = async (task: Task): Promise<void> => {
    moving.set(task.name, task);
    try {
      await task.move();
    } catch (error) {
      failures += 1;
      if (failures > rules.maxFailures) refuseAll();
      throw error;
    } finally {
      moving.delete(task.name);
      pass();
    }
  };
  const enqueue = (task: Task): Promise<void> => {
    if (task.isBegun || task.isFree) return run(task);
    if (isStopped) return Promise.reject(new NotBegun(`${task.name} was not begun`));
    return new Promise((resolve, reject) => {
      const begin = () => void run(task).then(resolve, reject);
      waiting.push({ task, begin, refuse: reject });
    });
  };

  return {
    async all(tasks) {
      const ends = tasks.map(enqueue);
      waiting.sort((a, b) => a.task.place - b.task.place || b.task.seconds - a.task.seconds);
      stir();
      const failed = failureIn(await Promise.allSettled(ends));
      if (failed !== undefined) throw failed;
    },
    stir,
    stop() {
      clearInterval(tick);
      clearTimeout(gathering);
      refuseAll();
    },
    standing: () => ({ moving: moving.size, waiting: waiting.length, holding }),
  };
}

function atPresent(task: Task): Claim {
  return task.isTaking() ? task : { ...task, unavailable: 0, surge: 0 };
}

function whyHeld(
  { name, namespace, unavailable, surge }: Claim,
  by: Exhausted,
  { missing, limits }: { readonly missing: Missing; readonly limits: Limits },
): string {
  switch (by) {
    case 'unavailable':
      return `${missing.all} pods are unavailable, and the budget allows ${limits.unavailable}; ${name} may take ${unavailable} more`;
    case 'unavailableIn':
      return `${missing.in(namespace)} pods of namespace ${namespace} are unavailable, and the budget allows ${limits.unavailableIn(namespace)} there; ${name} may take ${unavailable} more`;
    case 'surge':
      return `${name} takes ${surge} extra pods, and the budget allows ${limits.surge}`;
    case 'atOnce':
      return `${limits.atOnce} workloads are on their way, and no more may be`;
    default:
      return by satisfies never;
  }
}
