import { describe, expect, it } from 'vitest';
import { fenceposts } from '../../domain/fenceposts.js';
import { quantity } from '../../domain/quantity.js';
import type { Workload } from '../../domain/rollout.js';

describe('a quantity', () => {
  it.each([
    ['100m', 0.1],
    ['2', 2],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['2e3', 2000],
    ['1E', 1e18],
    ['500k', 500_000],
    ['128Mi', 134_217_728],
    ['1Gi', 1_073_741_824],
  ])('%s is %d', (text, number) => {
    expect(quantity(text)).toBeCloseTo(number, 9);
  });

  it.each(['', 'much', '1Qi', '1 Gi', '--1'])('%j is none', (text) => {
    expect(quantity(text)).toBeNaN();
  });
});

describe('a rolling update', () => {
  const of = (replicas: number | undefined, rollingUpdate?: object) =>
    fenceposts({
      metadata: { name: 'web' },
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        ...(rollingUpdate === undefined ? {} : { strategy: { rollingUpdate } }),
        template: { spec: { containers: [] } },
      },
    } satisfies Workload);

  it.each([
    [undefined, undefined, { surge: 1, unavailable: 0 }],
    [3, undefined, { surge: 1, unavailable: 0 }],
    [10, undefined, { surge: 3, unavailable: 2 }],
    [1, { maxSurge: 0, maxUnavailable: 1 }, { surge: 0, unavailable: 1 }],
    [4, { maxSurge: '0%', maxUnavailable: '10%' }, { surge: 0, unavailable: 1 }],
    [4, { maxSurge: 2, maxUnavailable: '50%' }, { surge: 2, unavailable: 2 }],
  ])('of %s replicas with %j goes as far as the Deployment controller lets it', (replicas, limits, expected) => {
    expect(of(replicas, limits)).toEqual(expected);
  });
});
