import { describe, expect, it } from 'vitest';
import { accept } from '../../domain/accept.js';
import { nextStep, phaseTitle } from '../../domain/phases.js';
import type { Plan, Wave } from '../../domain/plan.js';
import { fixedDifference } from '../../domain/policy/change.js';
import { policySchema, type Policy } from '../../domain/policy/schema.js';
import { reduce } from '../../domain/reduce.js';
import type { RunCommand, RunEvent, RunState } from '../../domain/run.js';
import { begin, HASH, OPTIONS, timeOf } from './machine-support.js';

type Happening = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, 'at'> : never) : never;

const GATE = [{ soak: '10m' }, { analysis: 'istio-defaults' }, { manual: true, approvers: 2 }] as const;
const policyWith = (given: object) => policySchema.parse({ gates: { afterWave: GATE }, ...given });
const planWith = (policy: Policy, wave: Partial<Wave> = {}): Plan => ({
  cluster: 'shop',
  release: '1.6.14-asm.2',
  route: null,
  options: OPTIONS,
  policy,
  findings: [],
  waves: [
    { name: 'canary', namespaces: ['catalog'], gate: 'canary', ...wave },
    { name: 'rest', namespaces: ['cart'], gate: 'finalize' },
  ],
  commands: [],
  totals: { namespaces: 2, workloads: 2, pods: 2 },
  estimateMinutes: { from: 5, to: 10 },
  hash: HASH,
});

/** A run, each of whose events comes a second after the one before. */
const follow = (state: RunState, ...events: Happening[]): RunState =>
  events.reduce((now, event) => {
    const at = new Date(Date.parse(now.timeline.at(-1)!.at) + 1_000).toISOString();
    return reduce(now, { ...event, at });
  }, state);
const atGate = (plan = planWith(policyWith({}))) =>
  follow(
    begin(),
    { type: 'planned', plan },
    { type: 'preflightFinished', findings: [] },
    { type: 'prepared' },
    { type: 'installed' },
    { type: 'verified' },
    { type: 'namespaceStarted', namespace: 'catalog', direction: 'forward' },
    { type: 'namespaceFinished', namespace: 'catalog', direction: 'forward', workloads: 1, pods: 1 },
    { type: 'waveFinished' },
  );
const judged = (verdict: 'successful' | 'failed' | 'inconclusive' | 'error', step = 1): Happening => ({
  type: 'gateJudged',
  wave: 0,
  step,
  verdict,
  detail: 'd',
});
const soaked: Happening = { type: 'soakFinished' };
const promote = (given: Partial<Extract<RunCommand, { type: 'promote' }>>): RunCommand => ({
  type: 'promote',
  by: 'ada',
  gate: 'canary',
  planHash: HASH,
  ...given,
});

describe('the gate after a wave', () => {
  it('says what comes next, step by step', () => {
    const soaking = atGate();
    const [until] = [new Date(Date.parse(soaking.since) + 600_000).toISOString()];
    expect(nextStep(soaking)).toBe(
      `Watches wave canary (1 namespace) until ${until}; then analysis istio-defaults, then promotion by 2 people.`,
    );
    const judging = follow(soaking, soaked);
    expect([phaseTitle(judging.phase), nextStep(judging)]).toEqual([
      'judging wave 1',
      'Judges wave canary (1 namespace): analysis istio-defaults; then promotion by 2 people.',
    ]);
    const waiting = follow(judging, judged('successful'));
    expect(nextStep(waiting)).toBe(
      'Waits for `meshlift promote shop` by 2 more people at gate canary; then wave rest (1 namespace) moves.',
    );
    expect(nextStep(follow(waiting, { type: 'promoted', by: 'ada', gate: 'canary' }))).toContain(
      'by 1 more person than ada at gate canary',
    );
  });

  it('of a wave with its own steps has just those', () => {
    expect(atGate(planWith(policyWith({}), { gates: [] })).phase).toEqual({ name: 'migrating', wave: 1 });
  });

  it('changes a soak, and one that would end before now ends now', () => {
    const soaking = atGate();
    const shorter = follow(soaking, { type: 'soakAdjusted', by: 'ben', soak: { extendSeconds: -1 } });
    expect(shorter.phase).toMatchObject({ name: 'soaking', step: 0 });
    const over = follow(soaking, { type: 'soakAdjusted', by: 'ben', soak: { extendSeconds: -24 * 3_600 } });
    expect(over.phase.name).toBe('analysing');
    expect(follow(soaking, { type: 'soakAdjusted', by: 'ben', soak: 'skip' }).phase.name).toBe('analysing');
  });

  it('hears only failures while it soaks, and goes on soaking after an override', () => {
    const soaking = atGate(planWith(policyWith({ onFailure: { analysis: 'pause' } })));
    for (const verdict of ['successful', 'inconclusive', 'error'] as const) {
      const after = follow(soaking, judged(verdict));
      expect(after).toMatchObject({ phase: soaking.phase, verdicts: [{ step: 1, verdict }] });
    }
    const blocked = follow(soaking, judged('failed'));
    expect(blocked.phase).toMatchObject({ name: 'blocked', judged: 1, during: soaking.phase });
    expect(follow(blocked, { type: 'retried', by: 'ada' }).phase).toEqual(soaking.phase);
    const over = follow(blocked, { type: 'promoted', by: 'ada', gate: 'canary', override: 'noise' });
    expect(over.phase).toEqual({ ...soaking.phase, passed: [1] });
    expect(follow(over, judged('failed'))).toBe(over);
    expect(follow(over, soaked).phase).toMatchObject({ name: 'awaitingPromotion', step: 2 });
  });

  it.each([
    ['failed', 'analysis', 'rollBack', 'rollingBack'],
    ['failed', 'analysis', 'rollBackWave', 'rollingBackWave'],
    ['failed', 'analysis', 'pause', 'blocked'],
    ['inconclusive', 'inconclusive', 'pause', 'blocked'],
    ['error', 'inconclusive', 'rollBack', 'rollingBack'],
    ['error', 'inconclusive', 'rollBackWave', 'rollingBackWave'],
  ] as const)('that is %s, with onFailure.%s %s, leads to %s', (verdict, key, action, name) => {
    const judging = follow(atGate(planWith(policyWith({ onFailure: { [key]: action } }))), soaked);
    expect(follow(judging, judged(verdict)).phase.name).toBe(name);
  });

  it('sends the whole run back where the wave cannot go back alone', () => {
    const plan = planWith(policyWith({ onFailure: { analysis: 'rollBackWave' } }), { tags: ['prod'] });
    expect(follow(atGate(plan), soaked, judged('failed')).phase.name).toBe('rollingBack');
  });

  it('that has sent its wave back can leave out a namespace of it', () => {
    const plan = planWith(policyWith({ onFailure: { analysis: 'rollBackWave' } }));
    const back = follow(
      atGate(plan),
      soaked,
      judged('failed'),
      { type: 'waveMovedBack' },
      { type: 'namespaceStarted', namespace: 'catalog', direction: 'back' },
      { type: 'namespaceFinished', namespace: 'catalog', direction: 'back', workloads: 1, pods: 1 },
    );
    expect(back.phase.name).toBe('rollingBackWave');
    const blocked = follow(back, { type: 'waveMovedBack' });
    expect(blocked.phase).toMatchObject({ obstacle: { reason: 'WaveMovedBack' } });
    const skipped = follow(blocked, { type: 'namespaceSkipped', namespace: 'catalog', by: 'ada', reason: 'r' });
    const again = follow(skipped, { type: 'retried', by: 'ada' });
    expect(again.namespaces[0]?.status).toBe('skipped');
    expect(follow(blocked, { type: 'retried', by: 'ada' }).namespaces[0]?.status).toBe('waiting');
  });
});

describe('a promotion at a gate with steps', () => {
  const soaking = atGate();
  const judging = follow(soaking, soaked);
  const waiting = follow(judging, judged('successful'));

  it.each<[string, RunState, RunCommand, string | null]>([
    ['a promotion while it soaks', soaking, promote({}), 'WrongPhase'],
    ['a skip of the soak', soaking, promote({ soak: 'skip' }), null],
    ['a skip of another soak', soaking, promote({ soak: 'skip', gate: 'finalize' }), 'WrongGate'],
    ['a skip for another plan', soaking, promote({ soak: 'skip', planHash: 'x' }), 'PlanChanged'],
    ['a skip where nothing soaks', judging, promote({ soak: 'skip' }), 'WrongPhase'],
    ['a promotion while it looks', judging, promote({}), 'WrongPhase'],
    ['an override while it looks', judging, promote({ override: 'r' }), null],
    ['an override of nothing', waiting, promote({ override: 'r' }), 'WrongPhase'],
    ['both', soaking, promote({ override: 'r', soak: 'skip' }), 'InvalidRequest'],
  ])('%s', (_, state, command, reason) => expect(accept(state, command)?.reason ?? null).toBe(reason));

  it('names the person who has promoted already, and how many it takes', () => {
    const once = follow(waiting, { type: 'promoted', by: 'ada', gate: 'canary' });
    expect(accept(once, promote({}))?.message).toMatch(
      /^The run of cluster shop cannot be promoted in phase "awaiting promotion at gate canary": ada did so at .+Z, and gate canary needs 2 different people\.$/,
    );
    expect(accept(once, promote({ by: 'ben' }))).toBeNull();
  });
});

describe('another policy', () => {
  it('may change everything but who is in which wave, and when the gateways move', () => {
    const waves = [{ name: 'one', namespaces: ['catalog'] }];
    const before = policyWith({ waves });
    const others = [
      { waves: [{ ...waves[0], gates: [], perNamespacePercent: 10 }], budget: { maxUnavailablePods: 3 } },
      { waves: [{ ...waves[0], namespaces: ['cart'] }] },
      { waves: [...waves, { name: 'two' }] },
      {},
      { waves, gateways: { when: 'lastWave' } },
    ];
    expect(others.map((other) => fixedDifference(before, policyWith(other)) === null)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('keeps that of a wave that has begun, also over several changes', () => {
    const change = (soak: number, hash: string): Happening => ({
      type: 'policyChanged',
      by: 'ada',
      policy: policySchema.parse({ gates: { afterWave: [{ soak }] } }),
      planHash: hash,
    });
    const changed = follow(atGate(), change(60, 'h1'), change(120, 'h2'));
    expect(changed.earlierPolicies).toHaveLength(1);
    expect(changed.plan?.hash).toBe('h2');
    // The canary goes on with its own gate: an analysis comes after its soak.
    expect(follow(changed, soaked).phase.name).toBe('analysing');
  });

  it('is dated like everything else that people decide', () => {
    const changed = reduce(atGate(), {
      type: 'policyChanged',
      at: timeOf(900),
      by: 'ada',
      policy: policySchema.parse({}),
      planHash: 'h',
    });
    expect(changed.timeline.at(-1)).toEqual({ phase: 'soaking', at: timeOf(900), note: 'policy changed by ada' });
  });
});
