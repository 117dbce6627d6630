import { describe, expect, it } from 'vitest';
import { beyondBudget } from '../../activities/planning/checks/beyond-budget.js';
import { policySchema } from '../../domain/policy/schema.js';

type Input = Parameters<typeof beyondBudget.look>[0];

const deployment = (name: string, replicas: number, strategy: object = {}) => ({
  ref: { kind: 'Deployment' as const, namespace: 'shop', name },
  object: {
    metadata: { name, namespace: 'shop' },
    spec: { replicas, strategy, template: { spec: { containers: [] } } },
  },
});

async function found(policy: object, ...workloads: readonly ReturnType<typeof deployment>[]): Promise<string[]> {
  const reader = { workloads: () => Promise.resolve(workloads) };
  const input = { reader, plan: { policy: policySchema.parse(policy) } } as unknown as Input;
  return (await beyondBudget.look(input)).map(({ message }) => message);
}

describe('a workload that is larger than the safety budget', () => {
  it('is named before the start, with what it takes and what is allowed', async () => {
    const recreate = deployment('db', 3, { type: 'Recreate' });
    expect(await found({}, recreate, deployment('web', 17))).toEqual([
      'Deployment shop/db may take 3 pods at once, and the budget allows 1: it moves alone, when nothing else is on its way.',
      'Deployment shop/web may take 4 pods at once, and the budget allows 1: it moves alone, when nothing else is on its way.',
    ]);
    const wide = { budget: { maxUnavailablePods: '100%', maxUnavailablePerNamespace: 2, maxSurgePods: 4 } };
    expect(
      await found(
        wide,
        recreate,
        deployment('web', 4),
        deployment('big', 20, { rollingUpdate: { maxUnavailable: 0 } }),
      ),
    ).toEqual([
      'Deployment shop/db may take 3 pods at once, and the budget allows 2 in its namespace: it moves alone, when nothing else is on its way.',
      'Deployment shop/big may take 5 extra pods, and the budget allows 4: it moves alone, when nothing else is on its way.',
    ]);
  });

  it('is none where its pods are evicted one by one', async () => {
    expect(await found({ replace: { by: 'evict' } }, deployment('db', 3, { type: 'Recreate' }))).toEqual([]);
  });
});
