import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../domain/gate-verdict.js';
import { judgeMeasurement, thresholdOf, type Reading } from '../../domain/gates/measurement.js';
import { judgeAnalysis, judgeMetric, judgeMetricUntil } from '../../domain/gates/metric-verdict.js';
import { controlScope, fillQuery } from '../../domain/gates/query.js';
import { tellAnalysis } from '../../domain/gates/sentences.js';
import { BUILT_IN_ANALYSES } from '../../domain/gates/templates.js';
import { analysisMetricSchema, type AnalysisMetric } from '../../domain/policy/analysis-template.js';

const metric = (parts: Partial<AnalysisMetric> = {}): AnalysisMetric =>
  analysisMetricSchema.parse({ name: 'errors', query: 'up', ...parts });
const value = (number: number): Reading => ({ kind: 'value', value: number });
const NONE: Reading = { kind: 'none' };
const BROKEN: Reading = { kind: 'error', message: 'connection refused' };

const [S, F, I, E] = ['successful', 'failed', 'inconclusive', 'error'] as const;

describe('one measurement', () => {
  it.each<[Verdict, Partial<AnalysisMetric>, number]>([
    [S, { max: 0.05 }, 0.05],
    [F, { max: 0.05 }, 0.051],
    [S, { min: 3 }, 3],
    [F, { min: 3 }, 2.9],
    [S, {}, 17],
    [I, { max: 1 }, Number.POSITIVE_INFINITY],
    [I, { max: 1 }, Number.NaN],
  ])('is %s with %j and %d', (verdict, parts, measured) => {
    expect(judgeMeasurement(metric(parts), { value: value(measured) }).verdict).toBe(verdict);
  });

  it.each<[Verdict, Partial<AnalysisMetric>, number, Reading]>([
    [S, { maxRatioToControl: 2 }, 0.02, value(0.01)],
    [F, { maxRatioToControl: 2 }, 0.021, value(0.01)],
    // 0.0001 against 0 is no news.
    [S, { maxRatioToControl: 2, floor: 0.01 }, 0.0001, value(0)],
    [F, { maxRatioToControl: 2, floor: 0.01 }, 0.02, value(0)],
    // Nothing has no multiple: without a floor, and without a threshold, nobody can tell.
    [I, { maxRatioToControl: 2 }, 0.0001, value(0)],
    [S, { maxRatioToControl: 2, max: 0.05 }, 0.0001, value(0)],
    [F, { minRatioToControl: 0.5 }, 4, value(10)],
    [S, { minRatioToControl: 0.5, floor: 10 }, 4, value(10)],
    [I, { maxRatioToControl: 2 }, 1, NONE],
    [S, { maxRatioToControl: 2, max: 5 }, 1, NONE],
    [E, { maxRatioToControl: 2, max: 5 }, 1, BROKEN],
    // A broken limit is a failure whatever else could not be asked.
    [F, { maxRatioToControl: 2, max: 0.5 }, 1, BROKEN],
  ])('is %s with %j, %d against %j', (verdict, parts, measured, control) => {
    expect(judgeMeasurement(metric(parts), { value: value(measured), control }).verdict).toBe(verdict);
  });

  it('without data, or with too little of it, is never a success', () => {
    const volume = { query: 'up', min: 0.1 };
    expect(judgeMeasurement(metric({ max: 1 }), { value: NONE })).toEqual({ verdict: I, detail: 'no data' });
    expect(judgeMeasurement(metric({ max: 1, volume }), { value: value(0), volume: value(0.02) })).toEqual({
      verdict: I,
      detail: 'too little to judge by: 0.02 of at least 0.1',
    });
    expect(judgeMeasurement(metric({ volume }), { value: value(0), volume: NONE }).verdict).toBe(I);
    expect(judgeMeasurement(metric({ volume }), { value: value(0), volume: BROKEN }).verdict).toBe(E);
  });

  it('says in words what a value has to be', () => {
    expect(thresholdOf(metric({ max: 0.05, maxRatioToControl: 2, floor: 0.01 }))).toBe(
      "at most 0.05, and at most 2 times the old revision's (up to 0.01 always passes)",
    );
    expect(thresholdOf(metric())).toBeUndefined();
  });
});

describe('a metric', () => {
  const limits = metric({ count: 3, failureLimit: 1, inconclusiveLimit: 1, consecutiveErrorLimit: 2 });

  it.each<[Verdict | null, Verdict[]]>([
    [null, []],
    [null, [S, S]],
    [S, [S, S, S]],
    [S, [S, F, S]],
    [F, [F, F]],
    [S, [I, S, S]],
    [I, [I, I]],
    [null, [E, E]],
    [E, [E, E, E]],
    // Errors are no measurements, and only those in a row count.
    [null, [E, E, S, E, E]],
    [S, [E, E, S, E, E, S, E, S]],
  ])('is %s after %j', (verdict, outcomes) => {
    expect(judgeMetric(limits, outcomes)).toBe(verdict);
  });

  it('that tolerates everything is still not successful without one success', () => {
    const lenient = metric({ count: 2, failureLimit: 10, inconclusiveLimit: 10 });
    expect(judgeMetric(lenient, [F, I])).toBe(I);
  });

  it('during a soak fails at once, and waits with everything else until the end', () => {
    expect(judgeMetricUntil(limits, [F, F], false)).toBe(F);
    expect(judgeMetricUntil(limits, [I, I, E, E, E], false)).toBeNull();
    expect(judgeMetricUntil(limits, [I, I, S, S, S], true)).toBe(S);
    expect(judgeMetricUntil(limits, [S, S, S, E, E, E], true)).toBe(E);
    expect(judgeMetricUntil(limits, [S, S, S, I, I], true)).toBe(I);
    // One failure now and then is within a limit of one in any three.
    expect(judgeMetricUntil(limits, [F, S, S, F, S, S], true)).toBe(S);
    expect(judgeMetricUntil(limits, [], true)).toBe(I);
    expect(judgeMetricUntil(limits, [E], true)).toBe(E);
  });

  const outcome = fc.constantFrom<Verdict>(S, F, I, E);
  const anyLimits = fc.record({
    count: fc.integer({ min: 1, max: 8 }),
    failureLimit: fc.integer({ min: 0, max: 4 }),
    inconclusiveLimit: fc.integer({ min: 0, max: 4 }),
    consecutiveErrorLimit: fc.integer({ min: 0, max: 4 }),
  });

  it('once decided stays decided, whatever comes after', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(outcome), fc.array(outcome), (any, first, more) => {
        const decided = judgeMetric(any, first);
        if (decided !== null) expect(judgeMetric(any, [...first, ...more])).toBe(decided);
      }),
    );
  });

  it('is decided after so many measurements and errors at the latest', () => {
    fc.assert(
      fc.property(anyLimits, fc.infiniteStream(outcome), (any, stream) => {
        const most = any.count * (any.consecutiveErrorLimit + 1);
        expect(judgeMetric(any, [...stream.take(most)])).not.toBeNull();
      }),
    );
  });

  it('is successful only with a success and within every limit', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(outcome, { maxLength: 30 }), (any, outcomes) => {
        if (judgeMetric(any, outcomes) !== S) return;
        const made = outcomes.filter((each) => each !== E).slice(0, any.count);
        expect(made).toContain(S);
        expect(made.filter((each) => each === F).length).toBeLessThanOrEqual(any.failureLimit);
        expect(made.filter((each) => each === I).length).toBeLessThanOrEqual(any.inconclusiveLimit);
      }),
    );
  });
});

describe('an analysis', () => {
  it('is as bad as the worst of its metrics, and a dry run never counts', () => {
    expect(judgeAnalysis([{ verdict: S }, { verdict: I }])).toBe(I);
    expect(judgeAnalysis([{ verdict: I }, { verdict: E }])).toBe(E);
    expect(judgeAnalysis([{ verdict: E }, { verdict: F }, { verdict: S }])).toBe(F);
    expect(judgeAnalysis([{ verdict: S }, { verdict: F, dryRun: true }])).toBe(S);
  });
});

describe('sentences', () => {
  const subject = { cluster: 'prod', wave: 'canary', namespaces: ['shop', 'cart'] };
  const errors = {
    metric: 'error-ratio',
    value: 0.30123,
    control: 0.002,
    threshold: 'at most 0.05',
    link: 'http://p/graph',
  };

  it('name whom, what decided, and where to look', () => {
    const measurements = [
      { ...errors, verdict: F, detail: 'in other namespaces at the same moment' },
      { metric: 'latency-p99', value: 90, verdict: S },
      { metric: 'container-restarts', verdict: F, detail: 'no data', dryRun: true },
    ];
    const told = tellAnalysis('The analysis mine', subject, F, measurements);
    expect(told.sentence).toBe(
      'The analysis mine for wave canary of cluster prod (namespaces shop, cart) has failed: error-ratio is 0.3012, the old revision has 0.002 (in other namespaces at the same moment); it must be at most 0.05. See http://p/graph',
    );
    expect(told.remedy).toContain('retry');
    expect(told.measurements[2]).toEqual({
      metric: 'container-restarts',
      verdict: F,
      detail: 'a dry run: decides nothing; no data',
    });
  });

  it('leave out an address that is longer than a sentence, and namespaces that there are none of', () => {
    const long = { ...errors, verdict: I, link: `http://p/${'x'.repeat(2_000)}` };
    const told = tellAnalysis('The analysis mine', { ...subject, namespaces: [] }, I, [long]);
    expect(told.sentence).toMatch(/^The analysis mine for wave canary of cluster prod is inconclusive: .*0\.05\.$/);
    expect(told.measurements[0]?.link).toHaveLength(2_009);
  });
});

describe('queries', () => {
  const scope = {
    revision: 'asm-1614-2',
    control: 'default',
    namespaces: ['shop', 'shop-canary'],
    window: '120s',
    revisionLabel: 'istio_io_rev',
  };

  it('have their variables replaced, the longer name before the shorter one', () => {
    const query =
      'sum(rate(x{$revisionLabel="$revision",old="$control",ns=~"$namespaces",other="$namespace"}[$window]))';
    expect(fillQuery(query, scope)).toBe(
      'sum(rate(x{istio_io_rev="asm-1614-2",old="default",ns=~"shop|shop-canary",other="$namespace"}[120s]))',
    );
    expect(fillQuery(query, controlScope(scope, null))).toContain('istio_io_rev="default",old="default",ns=~".+"');
  });

  it('of the built-in analysis leave no variable behind', () => {
    const { metrics } = BUILT_IN_ANALYSES['istio-defaults']!;
    for (const { query, volume } of metrics) {
      expect(fillQuery(query, scope)).not.toContain('$');
      expect(fillQuery(volume?.query ?? '', scope)).not.toContain('$');
    }
    expect(metrics.map(({ name }) => name)).toContain('latency-p99');
  });
});
