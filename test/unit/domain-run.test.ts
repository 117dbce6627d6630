import { describe, expect, it } from 'vitest';
import { accept, toEvent } from '../../domain/accept.js';
import { FINAL_PHASES, initialState, isFinal, nextStep, phaseTitle, wasTouched } from '../../domain/phases.js';
import type { Finding, Plan } from '../../domain/plan.js';
import { effectivePolicy } from '../../domain/policy/effective.js';
import { reduce } from '../../domain/reduce.js';
import type { Obstacle, Phase, RunCommand, RunEvent, RunState } from '../../domain/run.js';
import { OPTIONS } from './machine-support.js';

type Happening = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, 'at'> : never) : never;

const HASH = 'a'.repeat(64);
const plan: Plan = {
  cluster: 'shop',
  release: '1.6.14-asm.2',
  route: null,
  options: OPTIONS,
  policy: effectivePolicy(OPTIONS),
  findings: [],
  waves: [
    { name: 'canary', namespaces: ['catalog'], gate: 'canary' },
    { name: 'rest', namespaces: ['cart', 'web'], gate: 'finalize' },
  ],
  commands: [],
  totals: { namespaces: 3, workloads: 3, pods: 3 },
  estimateMinutes: { from: 5, to: 10 },
  hash: HASH,
};
const obstacle: Obstacle = { reason: 'WorkloadNotReady', message: 'cart is not ready', remedy: 'Look at it.' };
const finding = (severity: Finding['severity']): Finding => {
  return { check: 'MESH001', severity, reason: 'UnsupportedSource', message: 'm', remedy: 'r' };
};

let clock = 0;
const at = () => new Date(1_600_000_000_000 + clock++ * 1000).toISOString();
const follow = (state: RunState, ...events: Happening[]): RunState =>
  events.reduce((current, event) => reduce(current, { ...event, at: at() }), state);

const fresh = initialState({ cluster: 'shop', release: '1.6.14-asm.2', runId: 'r1', requestedBy: 'ada', at: at() });
const toPreparing: Happening[] = [
  { type: 'planned', plan },
  { type: 'preflightFinished', findings: [] },
];
const toWave0: Happening[] = [...toPreparing, { type: 'prepared' }, { type: 'installed' }, { type: 'verified' }];
const move = (namespace: string, direction: 'forward' | 'back' = 'forward'): Happening[] => [
  { type: 'namespaceStarted', namespace, direction },
  { type: 'namespaceFinished', namespace, direction, workloads: 2, pods: 5 },
];
const toCanaryGate: Happening[] = [...toWave0, ...move('catalog'), { type: 'waveFinished' }];
const toWave1: Happening[] = [...toCanaryGate, { type: 'promoted', gate: 'canary', by: 'ada' }];
const toLastGate: Happening[] = [...toWave1, ...move('cart'), ...move('web'), { type: 'waveFinished' }];
const toFinalizing: Happening[] = [...toLastGate, { type: 'promoted', gate: 'finalize', by: 'ada' }];
const failed: Happening = { type: 'failed', obstacle };
const retried: Happening = { type: 'retried', by: 'ada' };
const goBack: Happening = { type: 'rollbackRequested', by: 'ada', reason: 'latency' };
const statusOf = (state: RunState, name: string) =>
  state.namespaces.find(({ namespace }) => namespace === name)?.status;

describe('the way forward', () => {
  it('goes through every phase in order, and tells it in the timeline', () => {
    const proof = [{ name: 'pods', ok: true, detail: 'all new' }];
    const state = follow(fresh, ...toFinalizing, { type: 'finalized', proof });
    expect(state.timeline.map(({ phase, note }) => [phase, ...(note === undefined ? [] : [note])].join(': '))).toEqual([
      'planning',
      'preflight',
      'preparing',
      'installing',
      'verifying',
      'migrating: wave canary',
      'awaitingPromotion: gate canary',
      'migrating: wave rest',
      'awaitingPromotion: gate finalize',
      'finalizing',
      'succeeded',
    ]);
    expect(state).toMatchObject({ phase: { name: 'succeeded' }, proof, changed: true });
    expect(state.since).toBe(state.timeline.at(-1)?.at);
    expect(state.promotions.map(({ gate, by }) => `${gate} by ${by}`)).toEqual(['canary by ada', 'finalize by ada']);
    expect(state.namespaces).toMatchObject([
      { namespace: 'catalog', wave: 0, status: 'moved', workloads: 2, pods: 5 },
      { namespace: 'cart', wave: 1, status: 'moved' },
      { namespace: 'web', wave: 1, status: 'moved' },
    ]);
  });

  it('says that it may have changed the cluster from the installation on', () => {
    expect(follow(fresh, ...toPreparing).changed).toBe(false);
    expect(follow(fresh, ...toPreparing, { type: 'prepared' }).changed).toBe(true);
  });

  it('ends in rejected when the plan or the preflight has a blocker, and keeps all findings', () => {
    const withBlocker = { ...plan, findings: [finding('blocker')] };
    const byPlan = follow(fresh, { type: 'planned', plan: withBlocker }, { type: 'preflightFinished', findings: [] });
    const byCheck = follow(
      fresh,
      { type: 'planned', plan: { ...plan, findings: [finding('warning')] } },
      { type: 'preflightFinished', findings: [finding('info'), finding('blocker')] },
    );
    expect(byPlan.phase.name).toBe('rejected');
    expect(byCheck.phase.name).toBe('rejected');
    expect(byCheck.findings.map(({ severity }) => severity)).toEqual(['warning', 'info', 'blocker']);
  });

  it('soaks after a wave when that was asked for', () => {
    const soaking = { ...plan, policy: effectivePolicy({ ...OPTIONS, soakSeconds: 60 }) };
    const state = follow(fresh, { type: 'planned', plan: soaking }, ...toCanaryGate.slice(1));
    const until = new Date(Date.parse(state.since) + 60_000).toISOString();
    expect(state.phase).toEqual({ name: 'soaking', wave: 0, step: 0, until });
    expect(follow(state, { type: 'soakFinished' }).phase).toMatchObject({
      name: 'awaitingPromotion',
      wave: 0,
      step: 1,
      gate: 'canary',
    });
  });

  it('finalises at once when there is nothing to move', () => {
    const state = follow(fresh, { type: 'planned', plan: { ...plan, waves: [] } }, ...toWave0.slice(1));
    expect(state.phase.name).toBe('finalizing');
  });

  it('does not reach the gate while a namespace of the wave is not done', () => {
    const half = follow(fresh, ...toWave1, ...move('cart'));
    expect(follow(half, { type: 'waveFinished' })).toBe(half);
    const skipped = follow(half, { type: 'namespaceSkipped', namespace: 'web', by: 'ada', reason: 'owner away' });
    expect(follow(skipped, { type: 'waveFinished' }).phase.name).toBe('awaitingPromotion');
    expect(skipped.namespaces.at(-1)).toMatchObject({ status: 'skipped', detail: 'ada: owner away' });
  });

  it('never starts a namespace of another wave, nor one that has moved', () => {
    const state = follow(fresh, ...toWave1);
    expect(follow(state, ...move('catalog'))).toBe(state);
    const first = follow(fresh, ...toWave0);
    expect(follow(first, ...move('cart'))).toBe(first);
    expect(follow(first, ...move('elsewhere'))).toBe(first);
  });
});

describe('a run that is blocked', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15])('goes on where it was after %i events', (count) => {
    const before = follow(fresh, ...toFinalizing.slice(0, count));
    const blocked = follow(before, failed);
    expect(blocked.phase).toEqual({ name: 'blocked', during: before.phase, obstacle });
    expect(follow(blocked, failed)).toBe(blocked);
    expect(follow(blocked, retried).phase).toEqual(before.phase);
  });

  it('lets failed namespaces wait again, and remembers that they were touched', () => {
    const blocked = follow(
      fresh,
      ...toWave1,
      { type: 'namespaceStarted', namespace: 'cart', direction: 'forward' },
      { type: 'namespaceStarted', namespace: 'web', direction: 'forward' },
      { type: 'namespaceFailed', namespace: 'cart', detail: 'no pods' },
      failed,
    );
    // Nothing of the other one is under way any more either.
    expect(blocked.namespaces.slice(1)).toMatchObject([{ status: 'failed', detail: 'no pods' }, { status: 'waiting' }]);
    const [, cart, web] = follow(blocked, retried).namespaces;
    expect([cart!.status, web!.status]).toEqual(['waiting', 'waiting']);
    expect([wasTouched(cart!), wasTouched(web!), 'detail' in cart!]).toEqual([true, true, false]);
  });
});

describe('going back', () => {
  it('from the last gate moves namespaces back and ends with the proof', () => {
    const paused: Happening = { type: 'paused', by: 'ada', reason: 'hm' };
    const back = follow(fresh, ...toLastGate, paused, goBack);
    expect(back).toMatchObject({
      phase: { name: 'rollingBack' },
      pause: null,
      rollback: { by: 'ada', reason: 'latency' },
    });
    const under = follow(back, { type: 'namespaceStarted', namespace: 'cart', direction: 'back' });
    expect(statusOf(under, 'cart')).toBe('movingBack');
    const done = follow(back, ...move('cart', 'back'));
    expect(statusOf(done, 'cart')).toBe('movedBack');
    const proof = [{ name: 'labels', ok: true, detail: 'equal' }];
    expect(follow(done, { type: 'rolledBack', proof })).toMatchObject({ phase: { name: 'rolledBack' }, proof });
  });

  it('that fails waits with the commands to type, and a retry goes on', () => {
    const state = follow(fresh, ...toCanaryGate, goBack, { ...failed, manualCommands: ['kubectl ...'] });
    expect(state.phase).toEqual({ name: 'rollbackBlocked', obstacle, manualCommands: ['kubectl ...'] });
    expect(follow(state, retried).phase.name).toBe('rollingBack');
  });

  it('is possible from a blocked step, and while finalising; then it knows what may be gone', () => {
    expect(follow(fresh, ...toWave1, failed, goBack).phase.name).toBe('rollingBack');
    expect(follow(fresh, ...toFinalizing, goBack)).toMatchObject({ phase: { name: 'rollingBack' }, removing: false });
    const removing: Happening[] = [...toFinalizing, { type: 'removalStarted' }];
    expect(follow(fresh, ...removing, goBack)).toMatchObject({ phase: { name: 'rollingBack' }, removing: true });
    expect(follow(fresh, ...removing, failed, retried, goBack)).toMatchObject({ removing: true });
  });
});

describe('a run that is over', () => {
  it('takes no news any more, not even of what was still under way', () => {
    const started: Happening = { type: 'namespaceStarted', namespace: 'catalog', direction: 'back' };
    const over = follow(fresh, ...toCanaryGate, goBack, started, { type: 'rolledBack', proof: [] });
    expect(follow(over, ...move('catalog', 'back'))).toBe(over);
    expect(follow(over, ...toFinalizing, failed, retried, goBack)).toBe(over);
  });
});

describe('accept', () => {
  const by = 'ada';
  const promote = (gate: string, planHash = HASH): RunCommand => ({ type: 'promote', by, gate, planHash });
  const skip = (namespace: string): RunCommand => ({ type: 'skipNamespace', by, namespace, reason: 'r' });
  const rollBack: RunCommand = { type: 'rollBack', by, reason: 'r' };
  const pause: RunCommand = { type: 'pause', by, reason: 'r' };
  const paused = toEvent(pause, at());

  it.each<[string, Happening[], RunCommand, string | null]>([
    ['the right gate and plan', toCanaryGate, promote('canary'), null],
    ['another gate', toCanaryGate, promote('finalize'), 'WrongGate'],
    ['another plan', toCanaryGate, promote('canary', 'b'.repeat(64)), 'PlanChanged'],
    ['a promotion in mid-wave', toWave1, promote('finalize'), 'WrongPhase'],
    ['a promotion while blocked at the gate', [...toCanaryGate, failed], promote('canary'), 'WrongPhase'],
    ['a pause in mid-wave', toWave1, pause, null],
    ['a second pause', [...toWave1, paused], pause, 'WrongPhase'],
    ['a pause while blocked', [...toWave1, failed], pause, 'WrongPhase'],
    ['a pause while rolling back', [...toWave1, goBack], pause, 'WrongPhase'],
    ['a resume', [...toWave1, paused], { type: 'resume', by }, null],
    ['a resume of a run that is not paused', toWave1, { type: 'resume', by }, 'WrongPhase'],
    ['a rollback at the last gate', toLastGate, rollBack, null],
    ['a rollback before anything changed', toPreparing, rollBack, 'WrongPhase'],
    ['a rollback while finalising', toFinalizing, rollBack, null],
    ['a rollback of a blocked finalisation', [...toFinalizing, failed], rollBack, null],
    ['a second rollback', [...toLastGate, goBack], rollBack, 'WrongPhase'],
    ['a retry while blocked', [...toWave1, failed], { type: 'retry', by }, null],
    ['a retry of a blocked rollback', [...toWave1, goBack, failed], { type: 'retry', by }, null],
    ['a retry of nothing', toWave1, { type: 'retry', by }, 'WrongPhase'],
    ['skipping a waiting namespace', toWave1, skip('cart'), null],
    ['skipping a moved namespace', toWave1, skip('catalog'), 'WrongPhase'],
    ['skipping an unknown namespace', toWave1, skip('elsewhere'), 'UnknownNamespace'],
    ['skipping before there is a plan', [], skip('cart'), 'WrongPhase'],
    ['skipping while rolling back', [...toWave1, goBack], skip('cart'), 'WrongPhase'],
    ['cancelling before anything changed', toPreparing, { type: 'cancel', by }, null],
    ['cancelling while blocked before anything changed', [...toPreparing, failed], { type: 'cancel', by }, null],
    ['cancelling after the change', toWave0, { type: 'cancel', by }, 'WrongPhase'],
    ['cancelling twice', [{ type: 'cancelled', by }], { type: 'cancel', by }, 'WrongPhase'],
  ])('%s', (_, events, command, reason) => {
    const state = follow(fresh, ...events);
    const refusal = accept(state, command);
    expect(refusal?.reason ?? null).toBe(reason);
    if (refusal === null) return;
    expect(refusal.message).toContain('cluster shop');
    expect(refusal.message).toContain(`"${phaseTitle(state.phase)}"`);
  });

  it('names the command that fits instead', () => {
    expect(accept(follow(fresh, ...toPreparing), rollBack)?.message).toContain('`meshlift cancel shop`');
    expect(accept(follow(fresh, ...toWave1), { type: 'cancel', by })?.message).toBe(
      'The run of cluster shop cannot be cancelled in phase "migrating wave 2": ' +
        'it may have changed the cluster already; `meshlift rollback shop` goes back.',
    );
  });
});

describe('words for people', () => {
  it.each<[Phase, string]>([
    [{ name: 'planning' }, 'planning'],
    [{ name: 'migrating', wave: 0 }, 'migrating wave 1'],
    [
      { name: 'awaitingPromotion', wave: 0, step: 0, gate: 'canary', approvers: 1, approvals: [] },
      'awaiting promotion at gate canary',
    ],
    [
      { name: 'blocked', during: { name: 'soaking', wave: 1, step: 0, until: '' }, obstacle },
      'blocked while soaking wave 2',
    ],
    [{ name: 'rolledBack' }, 'rolled back'],
  ])('%j is "%s"', (phase, title) => expect(phaseTitle(phase)).toBe(title));

  it.each<[Happening[], string]>([
    [toWave0, 'Moves wave canary (1 namespace); then it waits at gate canary.'],
    [toCanaryGate, 'Waits for `meshlift promote shop` at gate canary; then wave rest (2 namespaces) moves.'],
    [toLastGate, 'Waits for `meshlift promote shop` at gate finalize; then the old control plane is removed.'],
    [[...toWave1, failed], 'Waits for `meshlift retry shop`. Look at it.'],
    [[...toFinalizing, { type: 'finalized', proof: [] }], 'Nothing is left to do: the mesh runs 1.6.14-asm.2.'],
  ])('after %# it says what comes next', (events, sentence) =>
    expect(nextStep(follow(fresh, ...events))).toBe(sentence),
  );

  it('says what a paused run waits for', () =>
    expect(nextStep(follow(fresh, ...toWave1, { type: 'paused', by: 'ada', reason: 'r' }))).toMatch(
      /^Paused: goes on after `meshlift resume shop`\. Moves wave rest/,
    ));

  it('knows which phases are the last', () => {
    expect(FINAL_PHASES).toEqual(['succeeded', 'rolledBack', 'rejected', 'cancelled']);
    expect([isFinal({ name: 'cancelled' }), isFinal({ name: 'rollingBack' })]).toEqual([true, false]);
  });
});
