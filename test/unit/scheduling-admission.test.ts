import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, worstCase, type Claim, type Limits, type Missing } from '../../domain/scheduling/admission.js';
import { footprintOf } from '../../domain/scheduling/footprint.js';
import type { Workload } from '../../domain/rollout.js';

const claim = (name: string, unavailable: number, surge = 0, namespace = 'shop'): Claim => ({
  name,
  namespace,
  place: 0,
  unavailable,
  surge,
});
const LIMITS: Limits = { unavailable: 3, unavailableIn: () => 2, surge: 4, atOnce: 10 };

/** @param per workload: its namespace and how many of its pods are missing */
function missing(per: Readonly<Record<string, readonly [namespace: string, pods: number]>> = {}): Missing {
  const entries = Object.values(per);
  return {
    all: entries.reduce((sum, [, pods]) => sum + pods, 0),
    in: (namespace) => entries.reduce((sum, [where, pods]) => (where === namespace ? sum + pods : sum), 0),
    of: (workload) => per[workload]?.[1] ?? 0,
  };
}
const begun = (waiting: readonly Claim[], moving: readonly Claim[] = [], gone = missing(), limits = LIMITS) =>
  admit(waiting, { moving, missing: gone }, limits).begin.map(({ name }) => name);

describe('an admission', () => {
  it('goes by namespace and by the whole, and lets later ones pass that fit', () => {
    const waiting = [claim('a', 1), claim('b', 2), claim('c', 1), claim('d', 1, 0, 'pay'), claim('e', 1, 0, 'pay')];
    expect(begun(waiting)).toEqual(['a', 'c', 'd']);
    const { held } = admit(waiting, { moving: [], missing: missing() }, LIMITS);
    expect(held).toMatchObject({ claim: { name: 'b' }, by: 'unavailableIn' });
  });

  it('counts what others have made unavailable, and what is under way at its worst', () => {
    expect(begun([claim('a', 1)], [], missing({ x: ['pay', 3] }))).toEqual([]);
    expect(begun([claim('a', 1)], [claim('x', 3, 0, 'pay')])).toEqual([]);
    // Of what is under way two are missing already: the same pods are not counted twice.
    expect(begun([claim('a', 1)], [claim('x', 2, 0, 'pay')], missing({ x: ['pay', 2] }))).toEqual(['a']);
    // More is missing than it may take: that counts.
    expect(begun([claim('a', 1)], [claim('x', 1, 0, 'pay')], missing({ x: ['pay', 3] }))).toEqual([]);
  });

  it('holds even what takes nothing while more is missing than may be', () => {
    expect(begun([claim('a', 0)], [], missing({ x: ['pay', 3] }))).toEqual(['a']);
    expect(begun([claim('a', 0)], [], missing({ x: ['pay', 4] }))).toEqual([]);
  });

  it('lets one that has lost all its pods go: that makes nothing worse', () => {
    expect(begun([claim('a', 2)], [], missing({ a: ['shop', 2], x: ['pay', 1] }))).toEqual(['a']);
    // Also where more is missing than may be: it may be what brings them back.
    expect(begun([claim('a', 2), claim('b', 0)], [], missing({ a: ['shop', 9] }))).toEqual(['a']);
  });

  it('lets one that is larger than the budget go alone', () => {
    expect(begun([claim('big', 5), claim('a', 1)])).toEqual(['big']);
    expect(begun([claim('big', 5)], [claim('x', 0)])).toEqual([]);
    expect(begun([claim('wide', 0, 9), claim('a', 0, 1)])).toEqual(['wide']);
  });

  it('lets none of a later place pass one that waits, and fills what is left with its own place', () => {
    const waiting = [claim('a', 1), claim('b', 2), claim('c', 1), { ...claim('d', 0, 0, 'pay'), place: 1 }];
    expect(begun(waiting)).toEqual(['a', 'c']);
    expect(begun([claim('a', 1), { ...claim('d', 1, 0, 'pay'), place: 1 }])).toEqual(['a', 'd']);
  });

  it('begins no more than may be on their way at once', () => {
    const many = [1, 2, 3, 4].map((n) => claim(`w${n}`, 0));
    expect(begun(many, [claim('x', 0)], missing(), { ...LIMITS, atOnce: 3 })).toEqual(['w1', 'w2']);
    expect(begun(many, [], missing(), { ...LIMITS, atOnce: 0 })).toEqual([]);
  });

  it('never breaks the budget, whatever is under way and missing, but for one that goes alone', () => {
    const unnamed = fc.array(
      fc.record({
        namespace: fc.constantFrom('a', 'b'),
        place: fc.nat(1),
        unavailable: fc.nat(4),
        surge: fc.nat(3),
        gone: fc.nat(2),
      }),
      { maxLength: 12 },
    );
    // A workload waits or moves, and only once.
    const claims = fc
      .tuple(unnamed, unnamed)
      .map((lists) => lists.map((list, which) => list.map((entry, n) => ({ ...entry, name: `w${which}-${n}` }))));
    const limits = fc.record({ all: fc.integer({ min: 1, max: 8 }), one: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(claims, limits, ([waiting = [], moving = []], { all, one }) => {
        const per = Object.fromEntries(
          [...waiting, ...moving].map((entry) => [entry.name, [entry.namespace, entry.gone] as const]),
        );
        const gone = missing(per);
        const bounds = { unavailable: all, unavailableIn: () => one, surge: 5, atOnce: 6 };
        const { begin } = admit(waiting, { moving, missing: gone }, bounds);
        if (begin.length === 0) return;
        // Those whose own pods are missing already may begin beside it: they make nothing worse.
        const worsening = begin.filter(({ name, unavailable }) => unavailable > gone.of(name));
        const isTooLarge = worsening.some(({ unavailable }) => unavailable > Math.min(all, one));
        const isAlone = moving.length === 0 && worsening.length === 1 && isTooLarge;
        const together = [...moving, ...begin];
        expect(together.length).toBeLessThanOrEqual(6);
        if (isAlone) return;
        // What is too much already may stay so, but nothing that begins adds to it.
        const before = worstCase(moving, gone);
        expect(worstCase(together, gone)).toBeLessThanOrEqual(Math.max(all, before));
      }),
    );
  });
});

describe('a footprint', () => {
  const deployment = (replicas: number, strategy: object = {}) =>
    ({ metadata: { name: 'w' }, spec: { replicas, strategy, template: { spec: { containers: [] } } } }) as Workload;
  const rolling = (maxSurge: number | string, maxUnavailable: number | string) => ({
    rollingUpdate: { maxSurge, maxUnavailable },
  });

  it.each([
    [1, {}, { unavailable: 0, surge: 1, rounds: 1 }],
    [4, {}, { unavailable: 1, surge: 1, rounds: 2 }],
    [6, {}, { unavailable: 1, surge: 2, rounds: 2 }],
    [10, rolling(0, '30%'), { unavailable: 3, surge: 0, rounds: 4 }],
    [3, rolling(0, '10%'), { unavailable: 1, surge: 0, rounds: 3 }],
    [4, rolling('100%', 0), { unavailable: 0, surge: 4, rounds: 1 }],
    [2, rolling(0, 5), { unavailable: 2, surge: 0, rounds: 1 }],
    [3, { type: 'Recreate' }, { unavailable: 3, surge: 0, rounds: 1 }],
    [0, {}, { unavailable: 0, surge: 0, rounds: 0 }],
  ])('of a Deployment of %i pods with %j is what its controller may do', (replicas, strategy, expected) => {
    expect(footprintOf('Deployment', deployment(replicas, strategy), 'restart')).toEqual(expected);
  });

  it('of pods that are evicted is one at a time', () => {
    expect(footprintOf('Deployment', deployment(5), 'evict')).toEqual({ unavailable: 1, surge: 0, rounds: 5 });
  });

  it('of the other kinds follows their controllers', () => {
    const daemons = (rollingUpdate: object) =>
      ({
        metadata: { name: 'd' },
        spec: { updateStrategy: { rollingUpdate }, template: { spec: { containers: [] } } },
        status: { desiredNumberScheduled: 10 },
      }) as unknown as Workload;
    expect(footprintOf('StatefulSet', deployment(4), 'restart')).toEqual({ unavailable: 1, surge: 0, rounds: 4 });
    expect(footprintOf('DaemonSet', daemons({}), 'restart')).toEqual({ unavailable: 1, surge: 0, rounds: 10 });
    expect(footprintOf('DaemonSet', daemons({ maxUnavailable: '25%' }), 'restart')).toMatchObject({ unavailable: 3 });
    expect(footprintOf('DaemonSet', daemons({ maxSurge: 2 }), 'restart')).toEqual({
      unavailable: 0,
      surge: 2,
      rounds: 5,
    });
    expect(footprintOf('Rollout', deployment(2), 'restartAt')).toMatchObject({ unavailable: 1 });
  });
});
