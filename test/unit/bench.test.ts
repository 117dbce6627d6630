import { describe, expect, it } from 'vitest';
import { boundSeconds, budgetBoundSeconds, roundsOf } from '../../bench/migrate/bound.js';
import { cellsOf } from '../../bench/migrate/cells.js';
import { figuresOf } from '../../bench/migrate/figures.js';
import type { Method, Rate, RunResult } from '../../bench/migrate/result.js';
import { clientOf } from '../../bench/support/audit-summary.js';
import { podsOfAll, workloadsOf } from '../../bench/support/size.js';
import { quantile } from '../../bench/support/statistics.js';
import { createTally, type SeenPod } from '../../bench/support/tally.js';

describe('the computed bound', () => {
  it('counts the rounds of the stock strategy', () => {
    // A quarter more rounded up, a quarter missing rounded down: 1, 1, 1, 1+1, 2+1, 2+1 pods on their way at once.
    expect([0, 1, 2, 3, 4, 5, 6, 100].map(roundsOf)).toEqual([0, 1, 2, 3, 2, 2, 2, 2]);
  });
  it('is the longest of all workloads', () => {
    expect(boundSeconds([])).toBe(0);
    expect(
      boundSeconds([
        { replicas: 1, readySeconds: 5 },
        { replicas: 3, readySeconds: 2 },
      ]),
    ).toBe(6);
  });
  it('is larger where only so many pods may be missing at once: 5 % of them', () => {
    const forty = Array.from({ length: 10 }, () => ({ replicas: 4, readySeconds: 3 }));
    // Two may be missing. Each Deployment misses one for two rounds by a restart, for four by evictions.
    expect(budgetBoundSeconds(forty, 'restart')).toBe(30);
    expect(budgetBoundSeconds(forty, 'evict')).toBe(60);
    // Where nothing is missing on the way, the budget holds nothing back.
    expect(budgetBoundSeconds([{ replicas: 3, readySeconds: 2 }], 'restart')).toBe(6);
  });
});

describe('the measured mesh', () => {
  it('has the same workloads each time, one to six pods that are ready after 2 to 4 s', () => {
    const workloads = workloadsOf({ namespaces: 60, deployments: 5 });
    expect(workloads).toEqual(workloadsOf({ namespaces: 60, deployments: 5 }));
    expect(podsOfAll(workloads)).toBe(1050);
    expect(new Set(workloads.map(({ replicas }) => replicas))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    const delays = workloads.map(({ readySeconds }) => readySeconds);
    expect([Math.min(...delays), Math.max(...delays)]).toEqual([2, 4]);
  });
});

describe('the tally of the observer', () => {
  const pod = (uid: string, fields: Partial<SeenPod> = {}): SeenPod => ({
    uid,
    workload: 'shop/web',
    ready: true,
    isNew: false,
    gone: false,
    ...fields,
  });
  const begun = () => {
    const tally = createTally(new Map([['shop/web', 2]]));
    for (const uid of ['old-1', 'old-2']) tally.take(pod(uid));
    tally.restart();
    return tally;
  };

  it('keeps the most that was missing and the most that was too much', () => {
    const tally = begun();
    tally.take(pod('new-1', { isNew: true, ready: false }));
    expect(tally.counts()).toEqual({ newReady: 0, old: 2, unavailable: 0, extra: 1 });
    tally.take(pod('old-1', { gone: true }));
    expect(tally.counts()).toEqual({ newReady: 0, old: 1, unavailable: 1, extra: 0 });
    tally.take(pod('new-1', { isNew: true }));
    expect(tally.counts().unavailable).toBe(0);
    expect(tally.peak()).toEqual({ unavailable: 1, extra: 1 });
    expect(tally.isDone()).toBe(false);
  });

  it('is done when every pod is new and ready, and knows how many were made', () => {
    const tally = begun();
    for (const uid of ['old-1', 'old-2']) tally.take(pod(uid, { gone: true }));
    for (const uid of ['new-1', 'new-2']) tally.take(pod(uid, { isNew: true }));
    tally.take(pod('new-2', { isNew: true }));
    expect(tally.isDone()).toBe(true);
    expect(tally.created()).toEqual(new Map([['shop/web', 2]]));
  });

  it('does not make up for one workload with the pods of another', () => {
    const tally = createTally(
      new Map([
        ['shop/web', 1],
        ['shop/api', 1],
      ]),
    );
    tally.take(pod('web-1'));
    tally.take(pod('web-2'));
    expect(tally.counts()).toMatchObject({ unavailable: 1, extra: 1 });
    tally.take(pod('stranger', { workload: 'other/one' }));
    expect(tally.counts()).toMatchObject({ old: 2 });
  });
});

describe('the audit log', () => {
  it('tells controllers apart, each of which has a limit of its own', () => {
    const manager = 'kube-controller-manager/v1.21.14 (linux/amd64) kubernetes/0f77da5';
    expect(clientOf(`${manager}/system:serviceaccount:kube-system:replicaset-controller`)).toBe(
      'replicaset-controller',
    );
    expect(clientOf('kubectl/v1.21.14 (linux/amd64) kubernetes/0f77da5')).toBe('kubectl');
    expect(clientOf('meshlift')).toBe('meshlift');
  });
});

describe('the figures', () => {
  const run = (method: Method, rate: Rate, seconds: number | null, fields: Partial<RunResult> = {}): RunResult => ({
    method,
    rate,
    seconds,
    size: '20x4',
    round: 1,
    at: '',
    pods: 276,
    workloads: 80,
    namespaces: 20,
    observation: {
      startedAt: 0,
      doneAt: 1,
      wantedPods: 276,
      atEnd: { newReady: 276, old: 0, unavailable: 0, extra: 0 },
      peakUnavailable: 10,
      peakExtra: 0,
      podsCreated: 276,
      doubleRestarts: [],
      samples: [],
      gaps: 0,
      restarts: 80,
    },
    requests: { total: 0, tooMany: 0, byClient: {} },
    faults: [],
    ...fields,
  });
  const valueOf = (results: RunResult[], key: string) =>
    figuresOf(cellsOf(results)).find((figure) => figure.key === key)?.value;

  it('takes the worse of both rates, by medians', () => {
    const results = [
      ...[20, 22, 90].map((seconds) => run('g', 'raised', seconds)),
      run('d', 'raised', 20),
      run('g', 'stock', 105),
      run('d', 'stock', 100),
    ];
    expect(valueOf(results, 'migrate.floor_ratio')).toBe(1.1);
    expect(valueOf(results, 'overhead.ms_per_workload')).toBe(62.5);
    expect(valueOf(results, 'migrate.guide_ratio')).toBeUndefined();
  });

  it('counts a run that broke the budget', () => {
    const seen = run('f', 'raised', 20).observation;
    const within = run('f', 'raised', 20, { observation: { ...seen, peakUnavailable: 14 } });
    const beyond = run('f', 'raised', 20, { observation: { ...seen, peakUnavailable: 15 } });
    expect(valueOf([within], 'migrate.budget_breaches')).toBe(0);
    expect(valueOf([within, beyond], 'migrate.budget_breaches')).toBe(1);
  });

  it('knows quantiles between two values', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([7], 0.99)).toBe(7);
  });
});
