import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthOf, judgePodHealth, remember, type HealthBefore } from '../../domain/gates/pod-health.js';
import { workloadKeyOf } from '../../domain/pod-owner.js';
import type { Pod } from '../../domain/pod.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;

interface Likeness {
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly crashing?: boolean;
  readonly ageMinutes?: number;
  readonly phase?: string;
}

function pod(
  name: string,
  { ready = true, restarts = 0, crashing = false, ageMinutes = 10, phase }: Likeness = {},
): Pod {
  const state = crashing ? { waiting: { reason: 'CrashLoopBackOff' } } : {};
  return {
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      creationTimestamp: new Date(NOW - ageMinutes * MINUTE).toISOString(),
      labels: { 'pod-template-hash': 'abc' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'cart-abc', uid: 'rs', controller: true }],
    },
    spec: { containers: [] },
    status: {
      phase: phase ?? 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'app', restartCount: restarts, state }],
    },
  };
}

const CART = 'Deployment shop/cart';
const before = (parts: Partial<HealthBefore> = {}) => ({
  [CART]: { pods: 2, restartsPerHour: 0, wasAiling: false, ...parts },
});
const judge = (pods: Pod[], known: Record<string, HealthBefore> = before(), looks: Pod[][] = [pods]) => {
  const memory = looks.reduce((kept, seen) => remember(kept, seen, NOW), {});
  return judgePodHealth({ pods, before: known, memory, now: NOW });
};

describe('the health of new pods', () => {
  it('knows a workload by its pods', () => {
    expect(workloadKeyOf(pod('cart-abc-1'))).toBe(CART);
    const bare: Pod = { ...pod('alone'), metadata: { name: 'alone', namespace: 'shop' } };
    expect(workloadKeyOf(bare)).toBe('Pod shop/alone');
  });

  it('is well when nothing ails them', () => {
    expect(judge([pod('a'), pod('b', { restarts: 2 }), pod('c', { ready: false, ageMinutes: 1 })])).toEqual([]);
  });

  it.each<[string, Likeness, RegExp]>([
    ['crash-loop', { ready: false, restarts: 3, crashing: true }, /pod a: container app: CrashLoopBackOff/],
    ['restarts', { restarts: 3 }, /pod a: 3 restarts, before 0.00 per pod and hour/],
    ['pending', { ready: false, phase: 'Pending' }, /pod a: not Ready yet/],
    ['not-ready', { ready: false }, /pod a: not Ready yet/],
  ])('complains of %s', (kind, likeness, detail) => {
    const [complaint] = judge([pod('a', likeness)]);
    expect(complaint).toMatchObject({ workload: CART, kind });
    expect(complaint?.detail).toMatch(detail);
  });

  it('complains of pods that go from Ready to not Ready again and again', () => {
    const up = [pod('a')];
    const down = [pod('a', { ready: false })];
    expect(judge(up, before(), [up, down, up, down, up])).toEqual([]);
    expect(judge(up, before(), [up, down, up, down, up, down, up])).toMatchObject([
      { kind: 'flapping', detail: 'pod a: 3 times from Ready to not Ready' },
    ]);
  });

  it('blames nobody for what was so before', () => {
    const old = healthOf([pod('old', { ready: false, restarts: 40, crashing: true, ageMinutes: 60 })], NOW);
    expect(old[CART]).toEqual({ pods: 1, restartsPerHour: 40, wasAiling: true });
    expect(judge([pod('a', { ready: false, restarts: 9, crashing: true })], old)).toEqual([]);
    // Before 12 restarts an hour: in ten minutes of life 8 are no news, 9 are.
    expect(judge([pod('a', { restarts: 8 })], before({ restartsPerHour: 12 }))).toEqual([]);
    expect(judge([pod('a', { restarts: 9 })], before({ restartsPerHour: 12 }))).toHaveLength(1);
  });

  it('judges a workload that nobody has seen before by its new pods', () => {
    expect(judge([pod('a', { restarts: 3 })], {})).toMatchObject([{ kind: 'restarts', detail: 'pod a: 3 restarts' }]);
  });

  it('never complains of less when a pod restarts more', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.double({ min: 0, max: 50, noNaN: true }), (few, more, restartsPerHour) => {
        const complaints = (restarts: number) => judge([pod('a', { restarts })], before({ restartsPerHour })).length;
        expect(complaints(few + more)).toBeGreaterThanOrEqual(complaints(few));
      }),
    );
  });
});
