import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, toEvent } from '../../domain/accept.js';
import { canRollBack, initialState, isFinal, isGuarded, nextStep, phaseTitle, stepOf } from '../../domain/phases.js';
import type { Finding, Plan, Route } from '../../domain/plan.js';
import { reduce } from '../../domain/reduce.js';
import { acceptRestoration, restorationOf, restoringState } from '../../domain/restoration.js';
import type { NamespaceState, RunCommand, RunEvent, RunState } from '../../domain/run.js';

/** The state machine under any sequence of events and commands: what can never happen, and what always can. */

const NAMES = ['catalog', 'cart', 'web', 'pay', 'mail'];
const GATES = ['canary', 'middle', 'finalize'];
const HASH = 'a'.repeat(64);
const by = 'ada';
const reason = 'because';
const obstacle = { reason: 'WorkloadNotReady', message: 'm', remedy: 'Look.' } as const;

const ROUTE: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
  to: {
    version: '1.6.14-asm.2',
    revision: 'asm-1614-2',
    sidecar: { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' },
  },
};

const finding = fc.constantFrom('info', 'warning', 'warning', 'blocker').map((severity): Finding => {
  return { check: 'MESH001', severity, reason: 'UnsupportedSource', message: 'm', remedy: 'r' };
});
/** Up to three waves over up to five namespaces. */
const planOf = fc
  .record({ sizes: fc.array(fc.nat(2), { maxLength: 3 }), soakSeconds: fc.constantFrom(0, 0, 60) })
  .map(({ sizes, soakSeconds }): Plan => {
    const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
    return {
      cluster: 'shop',
      release: '1.6.14-asm.2',
      route: ROUTE,
      options: {
        exclude: [],
        set: [],
        overlays: [],
        carryOver: 'all',
        waivers: [],
        soakSeconds,
        promotionTimeoutSeconds: 60,
        workloadTimeoutSeconds: 60,
        parallelNamespaces: 2,
        parallelWorkloads: 2,
        finalizeSoakSeconds: 60,
        rollbackGraceSeconds: 3600,
      },
      findings: [],
      waves: sizes.map((size, index) => ({
        name: `w${index}`,
        namespaces: NAMES.slice(starts[index], starts[index]! + size),
        gate: index === sizes.length - 1 ? 'finalize' : GATES[index]!,
      })),
      commands: [],
      totals: { namespaces: 0, workloads: 0, pods: 0 },
      estimateMinutes: { from: 0, to: 0 },
      hash: HASH,
    };
  });

const at = fc.constant('2020-01-01T00:00:00.000Z');
const namespace = fc.constantFrom(...NAMES, 'elsewhere');
const gate = fc.constantFrom(...GATES);
const direction = fc.constantFrom('forward' as const, 'back' as const);
const type = <Type extends string>(name: Type) => fc.constant(name);
/** Any event at all, whether it fits or not. */
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({ type: type('planned'), at, plan: planOf }),
  fc.record({ type: type('preflightFinished'), at, findings: fc.array(finding, { maxLength: 2 }) }),
  fc.record({
    type: fc.constantFrom('prepared', 'installed', 'verified', 'waveFinished', 'soakFinished', 'removalStarted'),
    at,
  }),
  fc.record({ type: type('outsideChange'), at, message: fc.constant('m'), remedy: fc.constant('r') }),
  fc.record({ type: type('namespaceStarted'), at, namespace, direction }),
  fc.record({ type: type('namespaceFinished'), at, namespace, direction, workloads: fc.nat(9), pods: fc.nat(9) }),
  fc.record({ type: type('namespaceFailed'), at, namespace, detail: fc.constant('d') }),
  fc.record({ type: fc.constantFrom('finalized', 'rolledBack'), at, proof: fc.constant([]) }),
  fc.record({ type: type('failed'), at, obstacle: fc.constant(obstacle) }),
  fc.record({ type: type('promoted'), at, gate, by: fc.constant(by) }),
);
/** Any command at all, whether it is accepted or not. */
const anyCommand: fc.Arbitrary<RunCommand> = fc.oneof(
  fc.record({
    type: type('promote'),
    by: fc.constant(by),
    gate,
    planHash: fc.constantFrom(HASH, HASH, 'b'.repeat(64)),
  }),
  fc.record({
    type: fc.constantFrom('pause', 'rollBack'),
    by: fc.constant(by),
    reason: fc.constant(reason),
  }),
  fc.record({ type: fc.constantFrom('resume', 'retry', 'cancel'), by: fc.constant(by) }),
  fc.record({ type: type('skipNamespace'), by: fc.constant(by), namespace, reason: fc.constant(reason) }),
);

/** The events by which a workflow takes the run one step on; without `plan` and clock there would be no step. */
function onward(state: RunState, plan: Plan, now: string): RunEvent | null {
  switch (state.phase.name) {
    case 'planning':
      return { type: 'planned', at: now, plan };
    case 'preflight':
      return { type: 'preflightFinished', at: now, findings: [] };
    case 'preparing':
      return { type: 'prepared', at: now };
    case 'installing':
      return { type: 'installed', at: now };
    case 'verifying':
      return { type: 'verified', at: now };
    case 'soaking':
      return { type: 'soakFinished', at: now };
    default:
      return onwardLater(state, now);
  }
}

function onwardLater({ phase, namespaces, removing }: RunState, now: string): RunEvent | null {
  switch (phase.name) {
    case 'migrating':
      return moveOne(
        namespaces.filter(({ wave, status }) => wave === phase.wave && status !== 'moved' && status !== 'skipped'),
        'forward',
        now,
      );
    case 'awaitingPromotion':
      return { type: 'promoted', at: now, gate: phase.gate, by };
    case 'finalizing':
      return removing ? { type: 'finalized', at: now, proof: [] } : { type: 'removalStarted', at: now };
    case 'blocked':
    case 'rollbackBlocked':
      return { type: 'retried', at: now, by };
    case 'rollingBack':
      return moveOne(
        namespaces.filter((row) => row.startedAt !== undefined && row.status !== 'movedBack'),
        'back',
        now,
      );
    default:
      return null;
  }
}

function moveOne([row]: NamespaceState[], to: 'forward' | 'back', now: string): RunEvent {
  if (row === undefined)
    return to === 'forward' ? { type: 'waveFinished', at: now } : { type: 'rolledBack', at: now, proof: [] };
  const base = { at: now, namespace: row.namespace, direction: to };
  const isUnderWay = row.status === (to === 'forward' ? 'moving' : 'movingBack');
  return isUnderWay
    ? { type: 'namespaceFinished', workloads: 1, pods: 1, ...base }
    : { type: 'namespaceStarted', ...base };
}

/** The namespace that is under way fails; where there is none, the step itself does. */
function trouble({ namespaces }: RunState, now: string): RunEvent {
  const row = namespaces.find(({ status }) => status === 'moving' || status === 'movingBack');
  if (row === undefined) return { type: 'failed', at: now, obstacle };
  return { type: 'namespaceFailed', at: now, namespace: row.namespace, detail: 'd' };
}

type Step =
  | { readonly kind: 'onward' }
  | { readonly kind: 'trouble' }
  | { readonly kind: 'event'; readonly event: RunEvent }
  | { readonly kind: 'command'; readonly command: RunCommand };
/** Half of the steps lead onward, so that late phases are reached; the rest is anything. */
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: 'onward' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'trouble' as const }) },
    { weight: 3, arbitrary: anyEvent.map((event) => ({ kind: 'event' as const, event })) },
    { weight: 2, arbitrary: anyCommand.map((command) => ({ kind: 'command' as const, command })) },
  ),
  { maxLength: 60, size: 'max' },
);
const settings = { numRuns: 300 };

interface Passage {
  readonly before: RunState;
  readonly step: Step;
  /** Null for a command that was refused: no event came of it. */
  readonly event: RunEvent | null;
  readonly after: RunState;
}

function begin(): RunState {
  return initialState({ cluster: 'shop', release: '1.6.14-asm.2', runId: 'r', requestedBy: by, at: timeOf(0) });
}

/** Plays the steps as the workflow would; every state is frozen, so a reducer that changes one fails. */
function play(plan: Plan, sequence: readonly Step[]): Passage[] {
  let state = deepFreeze(begin());
  return sequence.map((step, index) => {
    const before = state;
    const event = eventOf(before, step, plan, timeOf(index + 1));
    state = event === null ? before : deepFreeze(reduce(before, event));
    return { before, step, event, after: state };
  });
}

function eventOf(state: RunState, step: Step, plan: Plan, now: string): RunEvent | null {
  if (step.kind === 'onward') return onward(state, plan, now);
  if (step.kind === 'trouble') return trouble(state, now);
  if (step.kind === 'event') return { ...step.event, at: now };
  return accept(state, step.command) === null ? toEvent(step.command, now) : null;
}

function endOf(plan: Plan, sequence: readonly Step[]): RunState {
  return play(plan, sequence).at(-1)?.after ?? begin();
}

/** Takes a run onward until it is over; gives up after more steps than any run has. */
function driveToEnd(state: RunState, plan: Plan): RunState {
  let current = state;
  for (let step = 0; step < 100 && !isFinal(current.phase); step++) {
    const event = onward(current, plan, timeOf(1000 + step));
    if (event !== null) current = reduce(current, event);
  }
  return current;
}

function timeOf(index: number): string {
  return new Date(1_600_000_000_000 + index * 1000).toISOString();
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** Checks every passage of many random runs. */
function always(check: (passage: Passage, plan: Plan) => void): void {
  fc.assert(
    fc.property(planOf, steps, (plan, sequence) => {
      for (const passage of play(plan, sequence)) check(passage, plan);
    }),
    settings,
  );
}

describe('the state machine, whatever happens', () => {
  it('has an answer, and words, for every event and command in every state', () =>
    always(({ after }) => {
      expect(phaseTitle(after.phase)).not.toBe('');
      expect(nextStep(after)).toMatch(/\.$/);
      expect(JSON.parse(JSON.stringify(after))).toEqual(after);
    }));

  it('visits every phase in these tests', () => {
    const seen = new Set(
      fc
        .sample(fc.tuple(planOf, steps), { numRuns: 3000, seed: 1 })
        .flatMap(([plan, sequence]) => play(plan, sequence).map(({ after }) => after.phase.name)),
    );
    expect([...seen].sort()).toEqual(
      [
        ...[
          'preflight',
          'preparing',
          'installing',
          'verifying',
          'migrating',
          'soaking',
          'awaitingPromotion',
          'finalizing',
        ],
        ...[
          'blocked',
          'rollingBack',
          'rollbackBlocked',
          'succeeded',
          'rolledBack',
          'rejected',
          'cancelled',
          'planning',
        ],
      ].sort(),
    );
  });

  it('accepts a promotion only of the gate it waits at, with the hash of its plan', () =>
    always(({ after }) => {
      const tries = GATES.flatMap((name) => [HASH, 'b'.repeat(64)].map((planHash) => ({ gate: name, planHash })));
      const accepted = tries.filter((entry) => accept(after, { type: 'promote', by, ...entry }) === null);
      const { phase } = after;
      expect(accepted).toEqual(phase.name === 'awaitingPromotion' ? [{ gate: phase.gate, planHash: HASH }] : []);
    }));

  it('passes no gate that was not promoted while it waited there', () =>
    always(({ before, after }) => {
      if (after.promotions.length > before.promotions.length) {
        expect(before.phase).toMatchObject({ name: 'awaitingPromotion', gate: after.promotions.at(-1)?.gate });
      }
      const step = stepOf(after.phase);
      if (step?.name !== 'migrating' && step?.name !== 'finalizing') return;
      const passed = after.plan!.waves.slice(0, step.name === 'migrating' ? step.wave : undefined);
      expect(after.promotions.map((promotion) => promotion.gate)).toEqual(passed.map((wave) => wave.gate));
    }));

  it('waits at a gate, and finalises, only when every namespace up to it is done', () =>
    always(({ after: { phase, namespaces } }) => {
      if (phase.name !== 'awaitingPromotion' && phase.name !== 'finalizing') return;
      const last = phase.name === 'awaitingPromotion' ? phase.wave : Infinity;
      expect(namespaces.filter(({ wave, status }) => wave <= last && !['moved', 'skipped'].includes(status))).toEqual(
        [],
      );
    }));

  it('takes exactly the commands whose event does something', () =>
    always(({ before, step }) => {
      if (step.kind !== 'command') return;
      const isTaken = accept(before, step.command) === null;
      const has = reduce(before, toEvent(step.command, timeOf(99))) !== before;
      // The event of a promotion does not carry the hash, so only the command can be refused for it.
      if (isTaken || step.command.type !== 'promote') expect(has).toBe(isTaken);
    }));

  it('refuses with a sentence that names cluster and phase', () =>
    always(({ before, step }) => {
      const refusal = step.kind === 'command' ? accept(before, step.command) : null;
      if (refusal === null) return;
      expect(refusal.message).toMatch(/^The run of cluster shop cannot be .+ in phase ".+": .+\.$/);
      expect(refusal.message).toContain(`"${phaseTitle(before.phase)}"`);
    }));

  it('stays as it is once it is over', () =>
    always(({ before, after, step }) => {
      if (!isFinal(before.phase)) return;
      expect(after).toBe(before);
      if (step.kind === 'command') expect(accept(before, step.command)?.reason).toMatch(/WrongPhase/);
    }));

  it('never forgets that the cluster was changed, what was promoted, or which namespace was touched', () =>
    always(({ before, after }) => {
      expect(after.changed || !before.changed).toBe(true);
      expect(after.promotions.slice(0, before.promotions.length)).toEqual(before.promotions);
      const touched = ({ namespaces }: RunState) =>
        namespaces.filter(({ startedAt }) => startedAt !== undefined).map((row) => row.namespace);
      expect(touched(after)).toEqual(expect.arrayContaining(touched(before)));
    }));

  it('ends in cancelled or rejected only when nothing was changed, and rolls back only when something was', () =>
    always(({ after }) => {
      const { name } = after.phase;
      if (name === 'cancelled' || name === 'rejected') expect(after.changed).toBe(false);
      if (name === 'rollingBack' || name === 'rollbackBlocked' || name === 'rolledBack') {
        expect([after.changed, after.rollback?.by]).toEqual([true, by]);
      }
    }));

  it('begins to remove only while finalising, and never forgets that it has', () =>
    always(({ before, after }) => {
      if (before.removing) expect(after.removing).toBe(true);
      if (after.removing && !before.removing) expect(before.phase.name).toBe('finalizing');
      if (after.phase.name === 'succeeded' && after !== before) expect(before.phase.name).toBe('finalizing');
    }));

  it('is paused by a change from outside only where it depends on it, and never twice', () =>
    always(({ before, event, after }) => {
      if (event?.type !== 'outsideChange') return;
      const pause = { since: event.at, by: 'meshlift', reason: 'm', remedy: 'r' };
      if (isGuarded(before)) expect(after).toEqual({ ...before, pause });
      else expect(after).toBe(before);
    }));

  it('writes one line of the timeline per phase entered, in the order of time, and never takes one back', () =>
    always(({ before, after }) => {
      const isSamePhase = after.phase === before.phase;
      expect(after.timeline.slice(0, before.timeline.length)).toEqual(before.timeline);
      expect(after.timeline.length - before.timeline.length).toBe(isSamePhase ? 0 : 1);
      expect(after.timeline.at(-1)).toMatchObject({ phase: after.phase.name, at: after.since });
      expect(after.since >= before.since).toBe(true);
    }));
});

describe('from every state that can be reached', () => {
  it('there is a way to an end', () =>
    fc.assert(
      fc.property(planOf, steps, (plan, sequence) => {
        const reached = endOf(plan, sequence);
        const { phase } = driveToEnd(reached, plan);
        expect(isFinal(phase)).toBe(true);
      }),
      settings,
    ));

  it('that changed something and is not over or going back, a rollback is accepted and reaches its end', () =>
    fc.assert(
      fc.property(planOf, steps, (plan, sequence) => {
        const reached = endOf(plan, sequence);
        fc.pre(reached.changed && stepOf(reached.phase) !== null);
        const command: RunCommand = { type: 'rollBack', by, reason };
        expect([canRollBack(reached), accept(reached, command)]).toEqual([true, null]);
        const back = reduce(reached, toEvent(command, timeOf(500)));
        expect(back).toMatchObject({ phase: { name: 'rollingBack' }, pause: null });
        const end = driveToEnd(back, plan);
        expect(end.phase.name).toBe('rolledBack');
        expect(end.namespaces.filter(({ status }) => status === 'moved' || status === 'moving')).toEqual([]);
      }),
      settings,
    ));

  it('that has succeeded, a new run takes it back and reaches its end, as long as the grace lasts', () =>
    fc.assert(
      fc.property(planOf, steps, (plan, sequence) => {
        const state = driveToEnd(endOf(plan, sequence), plan);
        const ends = Date.parse(state.since) + plan.options.rollbackGraceSeconds * 1000;
        const isBack = acceptRestoration(state, new Date(ends).toISOString()) === null;
        expect(isBack).toBe(state.phase.name === 'succeeded');
        expect(acceptRestoration(state, new Date(ends + 1).toISOString())).not.toBeNull();
        if (!isBack) return;
        const begun = restoringState({ ...begin(), at: timeOf(2000) }, restorationOf(state, reason)!);
        expect(begun).toMatchObject({ phase: { name: 'rollingBack' }, changed: true, removing: true });
        const end = driveToEnd(deepFreeze(begun), plan);
        expect(end.phase.name).toBe('rolledBack');
        expect(end.namespaces.filter(({ status }) => status === 'moved')).toEqual([]);
        expect(acceptRestoration(end, timeOf(3000))?.reason).toBe('WrongPhase');
      }),
      settings,
    ));

  it('that changed nothing, a cancellation is accepted', () =>
    fc.assert(
      fc.property(planOf, steps, (plan, sequence) => {
        const reached = endOf(plan, sequence);
        fc.pre(!reached.changed && !isFinal(reached.phase));
        const command: RunCommand = { type: 'cancel', by };
        expect(accept(reached, command)).toBeNull();
        expect(reduce(reached, toEvent(command, timeOf(500))).phase.name).toBe('cancelled');
      }),
      settings,
    ));
});
