import { describe, expect, it } from 'vitest';
import { waysToReplace } from '../../domain/policy/replace-by.js';
import { podsOf, policySchema } from '../../domain/policy/schema.js';
import type { Workload } from '../../domain/rollout.js';

const workload = (replicas: number, labels: Readonly<Record<string, string>> = {}) =>
  ({ metadata: { name: 'cart', labels }, spec: { replicas, template: { spec: { containers: [] } } } }) as Workload;
const cart = { kind: 'Deployment' as const, namespace: 'shop', name: 'cart' };
const replace = (value: object) => policySchema.parse({ replace: value }).replace;

describe('how pods are replaced', () => {
  it('is said by the label of the workload, then by the first rule that fits, then by the policy', () => {
    const ways = waysToReplace(
      replace({
        by: 'evict',
        rules: [
          { namespace: 'pay', by: 'restart' },
          { selector: 'tier=db', by: 'restart' },
          { workload: 'Deployment/web', by: 'restart' },
        ],
      }),
    );
    expect(ways(cart, workload(2)).by).toBe('evict');
    expect(ways({ ...cart, namespace: 'pay' }, workload(2)).by).toBe('restart');
    expect(ways({ ...cart, name: 'web' }, workload(2)).by).toBe('restart');
    expect(ways(cart, workload(2, { tier: 'db' }))).toEqual({ by: 'restart', why: 'a rule of the policy says so' });
    const own = workload(2, { tier: 'db', 'meshlift.dev/replace': 'evict' });
    expect(ways(cart, own)).toEqual({ by: 'evict', why: 'its label meshlift.dev/replace says so' });
    expect(ways(cart, workload(2, { 'meshlift.dev/replace': 'other' })).by).toBe('evict');
  });

  it('leaves no gap where there is one pod only, unless the policy allows it', () => {
    expect(waysToReplace(replace({ by: 'evict' }))(cart, workload(1)).by).toBe('restart');
    expect(waysToReplace(replace({ by: 'evict', allowGap: true }))(cart, workload(1)).by).toBe('evict');
    // What can only be evicted is evicted all the same.
    expect(waysToReplace(replace({ by: 'evict' }))({ ...cart, kind: 'ReplicaSet' }, workload(1)).by).toBe('evict');
  });
});

describe('an amount of pods', () => {
  it.each([
    ['5%', 560, 28],
    ['5%', 69, 4],
    ['25%', 2, 1],
    ['1%', 0, 1],
    [7, 3, 7],
  ] as const)('%s of %i is %i', (amount, total, pods) => {
    expect(podsOf(amount, total)).toBe(pods);
  });
});
