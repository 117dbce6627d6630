import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createScheduler, NotBegun, type Scheduler, type Task } from '../../activities/moves/scheduler.js';
import { createBatchTeller } from '../../activities/moves/teller.js';
import { estimateEnd } from '../../domain/scheduling/eta.js';
import { betweenSignals, untilNextReport } from '../../domain/scheduling/telling.js';
import { narrowed, openWindow, widened } from '../../domain/scheduling/window.js';

const NOTHING_MISSING = { all: 0, in: () => 0, of: () => 0 };
const WIDE = { unavailable: 100, unavailableIn: () => 100, surge: 100 };

interface Work {
  readonly task: Task;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

let order: string[];
let scheduler: Scheduler;
beforeEach(() => {
  vi.useFakeTimers();
  order = [];
});
afterEach(() => {
  scheduler.stop();
  vi.useRealTimers();
});

function work(name: string, options: Partial<Task> = {}): Work {
  let [end, fail]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
  const ended = new Promise<void>((resolve, reject) => ([end, fail] = [resolve, reject]));
  ended.catch(() => undefined);
  const move = () => {
    order.push(name);
    return ended;
  };
  const claim = { name, namespace: 'shop', place: 0, unavailable: 1, surge: 0 };
  const task = { ...claim, isBegun: false, isFree: false, seconds: 1, isTaking: () => true, move, ...options };
  return { task, end, fail };
}
function open(rules: Partial<Parameters<typeof createScheduler>[0]> = {}): Scheduler {
  scheduler = createScheduler({
    atOnce: 'auto',
    limits: () => WIDE,
    missing: () => NOTHING_MISSING,
    trouble: () => null,
    maxFailures: 0,
    ...rules,
  });
  return scheduler;
}

describe('the scheduler', () => {
  it('begins the longest first, and fills a slot at once, from whatever namespace', async () => {
    open({ atOnce: 2 });
    const [short, long, middle] = [
      work('short'),
      work('long', { seconds: 9, namespace: 'pay' }),
      work('middle', { seconds: 5 }),
    ];
    const all = Promise.all([scheduler.all([short.task, middle.task]), scheduler.all([long.task])]);
    await vi.advanceTimersByTimeAsync(60);
    expect(order).toEqual(['long', 'middle']);
    long.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['long', 'middle', 'short']);
    middle.end();
    short.end();
    await all;
  });

  it('keeps the order of the wave, whoever is longer and whoever comes first', async () => {
    open({ limits: () => ({ ...WIDE, unavailable: 2 }) });
    const later = work('later', { place: 1, seconds: 9, namespace: 'pay' });
    const [one, two, three] = [work('one', { seconds: 3 }), work('two', { seconds: 2 }), work('three')];
    const all = Promise.all([scheduler.all([later.task]), scheduler.all([three.task, two.task, one.task])]);
    await vi.advanceTimersByTimeAsync(300);
    expect(order).toEqual(['one', 'two']);
    two.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['one', 'two', 'three']);
    one.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['one', 'two', 'three', 'later']);
    [three, later].forEach(({ end }) => end());
    await all;
  });

  it('goes on with what has begun whatever the budget says, and counts it', async () => {
    open({ limits: () => ({ ...WIDE, unavailable: 1 }) });
    const [begun, waiting] = [work('begun', { isBegun: true }), work('waiting')];
    const all = scheduler.all([waiting.task, begun.task]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(order).toEqual(['begun']);
    begun.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['begun', 'waiting']);
    waiting.end();
    await all;
  });

  it('gives back what a workload cannot take any more before it has come to its end', async () => {
    let isTaking = true;
    open({ limits: () => ({ ...WIDE, unavailable: 1 }) });
    const [first, second] = [work('first', { seconds: 2, isTaking: () => isTaking }), work('second')];
    const all = scheduler.all([first.task, second.task]);
    await vi.advanceTimersByTimeAsync(300);
    expect(order).toEqual(['first']);
    isTaking = false;
    scheduler.stir();
    await vi.advanceTimersByTimeAsync(60);
    expect(order).toEqual(['first', 'second']);
    first.end();
    second.end();
    await all;
  });

  it('begins nothing further after a failure, and lets what is under way end', async () => {
    open({ atOnce: 2 });
    const works = [work('a', { seconds: 3 }), work('b', { seconds: 2 }), work('c')];
    const all = scheduler.all(works.map(({ task }) => task));
    const failed = expect(all).rejects.toThrow('it crashes');
    await vi.advanceTimersByTimeAsync(60);
    works[0]?.fail(new Error('it crashes'));
    await vi.advanceTimersByTimeAsync(60);
    expect(order).toEqual(['a', 'b']);
    works[1]?.end();
    await failed;
    await expect(scheduler.all([work('late').task])).rejects.toThrow(NotBegun);
  });

  it('goes on after as many failures as the policy bears', async () => {
    open({ atOnce: 1, maxFailures: 1 });
    const works = [work('a', { seconds: 3 }), work('b', { seconds: 2 }), work('c')];
    const ends = works.map(({ task }) => scheduler.all([task]).catch((error: unknown) => error));
    await vi.advanceTimersByTimeAsync(60);
    works[0]?.fail(new Error('one'));
    await vi.advanceTimersByTimeAsync(60);
    expect(order).toEqual(['a', 'b']);
    works[1]?.fail(new Error('two'));
    await vi.advanceTimersByTimeAsync(60);
    expect(order).toEqual(['a', 'b']);
    expect(await ends[2]).toBeInstanceOf(NotBegun);
  });

  it('holds back while the cluster is in trouble, says why, and goes on by itself', async () => {
    let trouble: string | null = '14 pods Pending, Insufficient cpu';
    open({ trouble: () => trouble });
    const one = work('a');
    const all = scheduler.all([one.task]);
    await vi.advanceTimersByTimeAsync(600);
    expect(order).toEqual([]);
    expect(scheduler.standing()).toEqual({ moving: 0, waiting: 1, holding: '14 pods Pending, Insufficient cpu' });
    trouble = null;
    await vi.advanceTimersByTimeAsync(300);
    expect(order).toEqual(['a']);
    one.end();
    await all;
    expect(scheduler.standing().holding).toBeNull();
  });

  it('says whose pods are missing when nothing may begin', async () => {
    open({ limits: () => ({ ...WIDE, unavailable: 3 }), missing: () => ({ all: 5, in: () => 5, of: () => 0 }) });
    scheduler.all([work('Deployment shop/cart').task]).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(300);
    expect(scheduler.standing().holding).toBe(
      '5 pods are unavailable, and the budget allows 3; Deployment shop/cart may take 1 more',
    );
  });

  it('widens by itself until there is trouble, then halves', () => {
    const fresh = openWindow('auto');
    expect(widened(fresh).size).toBe(fresh.size * 2);
    const after = narrowed(fresh, 20);
    expect(after).toEqual({ size: 10, isFresh: false });
    expect(widened(after).size).toBe(12);
    expect(narrowed({ size: 1, isFresh: false }, 1).size).toBe(1);
    expect(openWindow(7).size).toBe(7);
  });
});

describe('what the run is told', () => {
  it('goes one signal at a time, and what comes meanwhile goes together', async () => {
    open();
    const sent: (readonly string[])[] = [];
    const waiting: (() => void)[] = [];
    const teller = createBatchTeller(({ started, finished }) => {
      sent.push([...started, ...finished.map(({ namespace }) => `${namespace} done`)]);
      return new Promise((resolve) => waiting.push(resolve));
    });
    const first = teller.started('a');
    await vi.advanceTimersByTimeAsync(0);
    const rest = Promise.all([teller.started('b'), teller.started('c')]);
    teller.finished({ namespace: 'a', workloads: 1, pods: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([['a']]);
    waiting[0]?.();
    await first;
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([['a'], ['b', 'c', 'a done']]);
    waiting[1]?.();
    await rest;
  });

  it('is an estimate only when there is something to go by', () => {
    open();
    expect(estimateEnd([], 10)).toBeNull();
    expect(
      estimateEnd(
        [
          { at: 0, moved: 0 },
          { at: 2_000, moved: 9 },
        ],
        10,
      ),
    ).toBeNull();
    const samples = [
      { at: 0, moved: 0 },
      { at: 40_000, moved: 40 },
      { at: 60_000, moved: 100 },
    ];
    // Over all 100 a minute; of late three a second.
    expect(estimateEnd(samples, 100)).toEqual({ fromSeconds: 34, toSeconds: 60, rate: 100 });
  });
});

describe('the reports of a wave', () => {
  it('come often at first, and leave room in the history of a run that moves for a week', () => {
    expect(untilNextReport(0)).toBe(5_000);
    expect(untilNextReport(100)).toBe(10_000);
    expect(untilNextReport(9_000)).toBe(60_000);
    let told = 0;
    for (let ms = 0; ms < 6 * 86_400_000; ms += untilNextReport(told)) told += 1;
    expect(told).toBeLessThan(9_500);
    expect(told * 4).toBeLessThan(51_200);
  });

  it('are far enough apart where thousands of namespaces have something to tell all the time', () => {
    expect(betweenSignals(0)).toBe(0);
    let sent = 0;
    for (let ms = 0; ms < 4 * 3_600_000; ms += 10 + betweenSignals(sent)) sent += 1;
    expect(sent).toBeLessThan(8_000);
  });
});
