import { describe, expect, it } from 'vitest';
import {
  actionFor,
  actionSentence,
  strategyOf,
  WORKLOAD_ACTIONS,
  type OwnerKind,
  type Strategic,
  type WorkloadAction,
} from '../../domain/workload-actions.js';

const owned = { metadata: { ownerReferences: [{ controller: true }] } };
const plain = (spec: NonNullable<Strategic['spec']> = {}): Strategic => ({ metadata: {}, spec });
const updates = (type: string, partition?: number) =>
  plain({ updateStrategy: { type, ...(partition === undefined ? {} : { rollingUpdate: { partition } }) } });

/** One row of the table each: a workload as the API server shows it, its strategy, and what is done with it. */
const ROWS: [OwnerKind, Strategic, string, WorkloadAction][] = [
  ['Deployment', plain({ strategy: { type: 'RollingUpdate' } }), 'RollingUpdate', 'restart'],
  ['Deployment', plain({ strategy: { type: 'Recreate' } }), 'Recreate', 'restart'],
  ['Deployment', plain({ paused: true, strategy: { type: 'Recreate' } }), 'paused', 'report'],
  ['Deployment', owned, 'managed', 'evict'],
  ['StatefulSet', updates('RollingUpdate', 0), 'RollingUpdate', 'restart'],
  ['StatefulSet', updates('RollingUpdate', 2), 'partition', 'evict'],
  ['StatefulSet', updates('OnDelete'), 'OnDelete', 'evict'],
  ['StatefulSet', owned, 'managed', 'evict'],
  ['DaemonSet', updates('RollingUpdate'), 'RollingUpdate', 'restart'],
  ['DaemonSet', updates('OnDelete'), 'OnDelete', 'evict'],
  ['DaemonSet', owned, 'managed', 'evict'],
  ['ReplicaSet', plain(), 'any', 'evict'],
  ['ReplicationController', plain(), 'any', 'evict'],
  ['Job', plain(), 'any', 'wait'],
  ['CronJob', plain(), 'any', 'wait'],
  ['Rollout', plain(), 'any', 'restartAt'],
  ['Pod', plain(), 'any', 'report'],
  ['unknown', plain(), 'any', 'report'],
];

describe('the table of kinds and strategies', () => {
  it.each(ROWS)('%s, %j: %s means %s', (kind, object, strategy, action) => {
    expect(strategyOf(kind, object)).toBe(strategy);
    expect(actionFor(kind, object).action).toBe(action);
    expect(actionFor(kind, object).needsPerson).toBe(action === 'report');
  });

  it('has a test for each of its rows, and a sentence in each', () => {
    const tested = ROWS.map(([kind, , strategy]) => `${kind} ${strategy}`).sort();
    const rows = Object.entries(WORKLOAD_ACTIONS).flatMap(([kind, strategies]) =>
      Object.keys(strategies).map((strategy) => `${kind} ${strategy}`),
    );
    expect(tested).toEqual(rows.sort());
    const reasons = Object.values(WORKLOAD_ACTIONS).flatMap((strategies) => Object.values(strategies));
    for (const { reason } of reasons) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  it('takes a workload that says nothing for one that rolls, as the API server does', () => {
    expect(actionFor('Deployment', { metadata: {} }).action).toBe('restart');
    expect(actionFor('StatefulSet', { metadata: {} }).action).toBe('restart');
  });

  it('says in a sentence what is done with a workload and why', () => {
    const { OnDelete } = WORKLOAD_ACTIONS.DaemonSet;
    expect(actionSentence('DaemonSet shop/cache', 'OnDelete', OnDelete)).toBe(
      'DaemonSet shop/cache (OnDelete) is evicted pod by pod: With OnDelete its pods change only when they go, so they are evicted one at a time.',
    );
    expect(actionSentence('Pod shop/bare', 'any', WORKLOAD_ACTIONS.Pod.any)).toMatch(
      /^Pod shop\/bare needs a person: /,
    );
  });
});
