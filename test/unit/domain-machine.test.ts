import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, toEvent } from '../../domain/accept.js';
import { canRollBack, isFinal, isGuarded, nextStep, phaseTitle, stepOf } from '../../domain/phases.js';
import { mayJoin } from '../../domain/newcomers.js';
import { firstOpenWave } from '../../domain/policy/change.js';
import { gateStepsOf, policyOfWave } from '../../domain/policy/of-wave.js';
import { reduce } from '../../domain/reduce.js';
import { acceptRestoration, restorationOf, restoringState } from '../../domain/restoration.js';
import type { RunCommand, RunState } from '../../domain/run.js';
import {
  always,
  begin,
  by,
  deepFreeze,
  driveToEnd,
  endOf,
  GATES,
  HASH,
  planOf,
  play,
  reason,
  settings,
  steps,
  timeOf,
} from './machine-support.js';

/** The state machine under any sequence of events and commands: what can never happen, and what always can. */

/** Where in which gate a run is; one that moves a wave or finalises is behind the gate before. */
function placeOf({ phase, plan }: RunState): { wave: number; step: number } | null {
  if ('step' in phase) return { wave: phase.wave, step: phase.step };
  if (phase.name === 'migrating') return { wave: phase.wave, step: -1 };
  return phase.name === 'finalizing' ? { wave: plan!.waves.length, step: -1 } : null;
}

function unknownIn({ namespaces }: RunState, names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !namespaces.some(({ namespace }) => namespace === name));
}

function passedIn({ phase }: RunState): readonly number[] {
  return 'passed' in phase ? phase.passed : [];
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
          'analysing',
          'awaitingPromotion',
          'rollingBackWave',
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

  it('accepts a promotion only of the gate it waits at, with the hash of its plan, and once from each person', () =>
    always(({ after }) => {
      const hashes = [after.plan?.hash ?? HASH, 'b'.repeat(64)];
      const tries = GATES.flatMap((gate) => hashes.map((planHash) => ({ gate, planHash })));
      const accepted = (who: string) =>
        tries.filter((entry) => accept(after, { type: 'promote', by: who, ...entry }) === null);
      const { phase } = after;
      const there = phase.name === 'awaitingPromotion' ? [{ gate: phase.gate, planHash: after.plan!.hash }] : [];
      expect(accepted('zoe')).toEqual(there);
      if (phase.name !== 'awaitingPromotion') return;
      for (const { by: who } of phase.approvals) expect(accepted(who)).toEqual([]);
    }));

  it('opens a gate for as many different people as it needs, who promote while it waits', () =>
    always(({ before, event, after }) => {
      const news = after.promotions.slice(before.promotions.length);
      if (news.length > 0) expect([news.length, event?.type]).toEqual([1, 'promoted']);
      if (before.phase.name !== 'awaitingPromotion' || event?.type !== 'promoted' || after === before) return;
      const people = new Set([...before.phase.approvals.map((approval) => approval.by), event.by]);
      expect(people.size).toBe(before.phase.approvals.length + 1);
      const isStill = after.phase.name === 'awaitingPromotion' && after.phase.step === before.phase.step;
      expect(isStill && after.phase.wave === before.phase.wave).toBe(people.size < before.phase.approvers);
    }));

  it('passes every step of a gate, one after the other, but for those that a person has promoted past', () =>
    always(({ before, after }) => {
      const from = placeOf(before);
      const to = placeOf(after);
      if (from === null || to === null || after.phase === before.phase) return;
      expect(to.wave - from.wave).toBeLessThanOrEqual(1);
      const until = to.wave === from.wave ? to.step : gateStepsOf(after, from.wave).length;
      const passed = [...passedIn(before), ...passedIn(after)];
      for (let step = from.step + 1; step < until; step++) expect(passed).toContain(step);
    }));

  it('moves a wave back only because of its gate, and none but its own namespaces', () =>
    always(({ before, event, after }) => {
      if (after.phase.name !== 'rollingBackWave') return;
      const { wave } = after.phase;
      if (before.phase.name === 'soaking' || before.phase.name === 'analysing') expect(before.phase.wave).toBe(wave);
      if (event?.type !== 'namespaceStarted' || after === before) return;
      expect(after.namespaces.find(({ namespace }) => namespace === event.namespace)).toMatchObject({
        wave,
        status: 'movingBack',
      });
    }));

  it('never changes the policy of a wave that has begun, nor who is in which wave', () =>
    always(({ before, event, after }) => {
      if (before.plan === null || event?.type === 'planned') return;
      const open = firstOpenWave(before) ?? Infinity;
      before.plan.waves.forEach((wave, index) => {
        if (event?.type !== 'namespacesJoined') expect(after.plan!.waves[index]!.namespaces).toEqual(wave.namespaces);
        if (index < open) expect(policyOfWave(after, index)).toEqual(policyOfWave(before, index));
        else if (event?.type === 'policyChanged' && after !== before)
          expect(policyOfWave(after, index)).toEqual(event.policy);
      });
    }));

  it('takes newcomers into the last wave while that moves, each once, and never one that is known', () =>
    always(({ before, event, after }) => {
      if (event?.type !== 'namespacesJoined') return;
      const newcomers = mayJoin(before) ? unknownIn(before, event.namespaces) : [];
      const wave = (before.plan?.waves ?? []).length - 1;
      const rows = newcomers.map((namespace) => ({ namespace, wave, status: 'waiting' }));
      expect(after.namespaces).toEqual([...before.namespaces, ...rows]);
      const named = before.plan?.waves.map(({ namespaces }) => namespaces);
      expect(after.plan?.waves.map(({ namespaces }) => namespaces)).toEqual(
        named?.map((names, index) => (index === wave ? [...names, ...newcomers] : names)),
      );
      expect(after === before).toBe(newcomers.length === 0);
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
      // Their events do not carry the hash of the plan before, so only the command can be refused for it.
      if (isTaken || !['promote', 'changePolicy'].includes(step.command.type)) expect(has).toBe(isTaken);
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
        expect([true, [by, 'meshlift']]).toEqual([after.changed, expect.arrayContaining([after.rollback?.by])]);
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
    always(({ before, event, after }) => {
      const isSamePhase = after.phase === before.phase;
      expect(after.timeline.slice(0, before.timeline.length)).toEqual(before.timeline);
      const isNews = ['policyChanged', 'namespacesJoined'].includes(event?.type ?? '') && after !== before;
      expect(after.timeline.length - before.timeline.length).toBe(isSamePhase && !isNews ? 0 : 1);
      expect(after.timeline.at(-1)).toMatchObject({ phase: after.phase.name });
      if (!isSamePhase) expect(after.timeline.at(-1)?.at).toBe(after.since);
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
