import { describe, expect, it } from 'vitest';
import { describeChanges } from '../../cli/render/changes.js';
import { renderPlan } from '../../cli/render/plan.js';
import { renderRun } from '../../cli/render/run-tree.js';
import { commandLine, renderOperations } from '../../cli/render/tables.js';
import type { RunState } from '../../domain/run.js';
import { at, INTO_THE_REST, PLAN, progress, stateAfter, UP_TO_GATE } from './cli-support.js';

const OPTIONS = { width: 90, now: Date.parse(at(142)), color: false };
const WORKLOADS = [
  progress('web', 'restarting', [1, 3], 'pod web-7d9 is not Ready'),
  progress('redis', 'waiting', [0, 2]),
  progress('api', 'moved', [2, 2]),
];
const BLOCKED = stateAfter(
  ...INTO_THE_REST,
  { type: 'namespaceFailed', namespace: 'cart', detail: 'Deployment web 1/3' },
  {
    type: 'failed',
    obstacle: {
      reason: 'WorkloadNotReady',
      message: 'Cluster shop, Deployment cart/web: 1 of 3.',
      remedy: 'Look at it.',
    },
  },
);

function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}

describe('the picture of a run', () => {
  it('shows run, wave, namespace and workload while a wave moves', () => {
    expect(lines(renderRun(stateAfter(...INTO_THE_REST), WORKLOADS, OPTIONS))).toEqual([
      'shop · 1.6.13 → 1.6.14-asm.2 · started by amy, run run-1',
      'migrating wave rest · 00:52',
      '███████░░░░░░░░░░░░░░░░░  12/40 pods · 1/4 namespaces moved',
      'Moves wave rest (3 namespaces); then it waits at gate finalize.',
      '',
      '✔ wave canary           1/1 · gate canary opened by ben',
      '  ✔ catalog             moved · 3 workloads, 9 pods · 00:10',
      '⟳ wave rest             0/3 · gate finalize',
      '  ⟳ cart                moving · 00:42',
      '    ✔ Deployment api    2/2 pods',
      '    · Deployment redis  0/2 pods',
      '    ⟳ Deployment web    1/3 pods · pod web-7d9 is not Ready',
      '  · orders              waiting',
      '  · payments            waiting',
    ]);
  });

  it('says how fast it goes, what of the budget is used, and what holds it', () => {
    const told = {
      pods: { moved: 12, total: 40 },
      workloads: { moved: 5, moving: 3, total: 12 },
      unavailable: { now: 1, budget: 2 },
      eta: { fromSeconds: 20, toSeconds: 150, rate: 94 },
      holding: null,
    };
    const moving = stateAfter(...INTO_THE_REST, { type: 'movesProgressed', progress: told });
    expect(lines(renderRun(moving, WORKLOADS, OPTIONS))[3]).toBe(
      '3 of 12 workloads on their way · 94 pods/min · 20s to 3m left · 1 unavailable, 2 may be',
    );
    const progress = { ...told, eta: null, holding: '14 pods Pending, Insufficient cpu' };
    const held = stateAfter(...INTO_THE_REST, { type: 'movesProgressed', progress });
    expect(lines(renderRun(held, WORKLOADS, OPTIONS))[4]).toMatch(/holding: 14 pods Pending, Insufficient cpu$/);
    expect(renderRun(stateAfter(...UP_TO_GATE), [], OPTIONS)).not.toContain('on their way');
  });

  it('says at a gate what opens it and how to go back', () => {
    const text = renderRun(stateAfter(...UP_TO_GATE), [], OPTIONS);
    expect(text).toContain('awaiting promotion at gate canary · 01:02');
    expect(text).toContain('Waits for `meshlift promote shop` at gate canary');
    expect(text).toContain('To go back: meshlift rollback shop --reason "..."');
  });

  it('puts the obstacle and its remedy in plain sight, once', () => {
    const text = renderRun(BLOCKED, WORKLOADS, OPTIONS);
    expect(lines(text).slice(1, 7)).toEqual([
      'blocked while migrating wave rest · 00:22',
      '███████░░░░░░░░░░░░░░░░░  12/40 pods · 1/4 namespaces moved',
      '✖ WorkloadNotReady: Cluster shop, Deployment cart/web: 1 of 3.',
      '  → Look at it.',
      'Waits for `meshlift retry shop`.',
      'To go back: meshlift rollback shop --reason "..."',
    ]);
    expect(text).toContain('  ✖ cart                failed · 00:10 · Deployment web 1/3');
  });

  it('says who paused it, and why', () => {
    const text = renderRun(stateAfter(...INTO_THE_REST, { type: 'paused', by: 'ben', reason: 'lunch' }), [], OPTIONS);
    expect(text).toContain('‖ Paused by ben · 00:32 · lunch');
    expect(text).toContain('meshlift resume shop');
  });

  it('counts the way back in namespaces that were touched', () => {
    const back = stateAfter(
      ...INTO_THE_REST,
      { type: 'rollbackRequested', by: 'ben', reason: 'latency' },
      { type: 'namespaceStarted', namespace: 'cart', direction: 'back' },
      { type: 'namespaceFinished', namespace: 'cart', direction: 'back', workloads: 3, pods: 7 },
    );
    const text = renderRun(back, [], OPTIONS);
    expect(text).toContain('Going back, as asked by ben: latency');
    expect(text).toContain('1/2 namespaces moved back');
    expect(text).toMatch(/✔ cart +moved back · 3 workloads, 7 pods · 00:10/);
    expect(text).toContain('not touched');
    expect(text).not.toContain('waiting');
  });

  it('prints the manual commands of a blocked rollback whole', () => {
    const command = `kubectl --context shop ${'x'.repeat(120)}`;
    const state = stateAfter(
      ...INTO_THE_REST,
      { type: 'rollbackRequested', by: 'ben', reason: 'latency' },
      {
        type: 'failed',
        obstacle: { reason: 'SnapshotDiffers', message: 'm', remedy: 'r' },
        manualCommands: [command],
      },
    );
    expect(lines(renderRun(state, [], OPTIONS))).toContain(`  ${command}`);
  });

  it('shows the blockers of a rejected run, and the proof of a finished one', () => {
    const finding = {
      check: 'MESH001',
      severity: 'blocker',
      reason: 'Bad',
      message: 'It is bad.',
      remedy: 'Mend it.',
    } as const;
    const rejected = stateAfter({ type: 'planned', plan: PLAN }, { type: 'preflightFinished', findings: [finding] });
    expect(renderRun(rejected, [], OPTIONS)).toContain('✖ blocker Bad MESH001\n  It is bad.\n  → Mend it.\n');
    const over: RunState = {
      ...stateAfter(...UP_TO_GATE),
      phase: { name: 'succeeded' },
      proof: [{ name: 'validation', ok: true, detail: 'denies' }],
    };
    expect(renderRun(over, [], OPTIONS)).toContain('✔ validation  denies');
    expect(renderRun(over, [], OPTIONS)).toContain('succeeded · after 01:20');
  });

  it('is drawn before there is a plan', () => {
    expect(lines(renderRun(stateAfter(), [], OPTIONS)).slice(0, 2)).toEqual([
      'shop · → 1.6.14-asm.2 · started by amy, run run-1',
      'planning · 02:22',
    ]);
  });

  it('uses colour only when asked to, and ASCII only when asked to', () => {
    const state = stateAfter(...INTO_THE_REST);
    expect(renderRun(state, WORKLOADS, OPTIONS)).not.toContain('\u001b');
    expect(renderRun(state, WORKLOADS, { ...OPTIONS, color: true })).toContain('\u001b[');
    // eslint-disable-next-line no-control-regex -- the range of ASCII is the question
    expect(renderRun(state, WORKLOADS, { ...OPTIONS, ascii: true })).toMatch(/^[\u0000-\u007f]*$/);
  });

  it.each([20, 40, 61, 200])('keeps within %i columns', (width) => {
    for (const line of lines(renderRun(BLOCKED, WORKLOADS, { ...OPTIONS, width })))
      expect(line.length).toBeLessThanOrEqual(width);
  });

  it('is folded to the rows of the terminal, and keeps what happens', () => {
    const folded = lines(renderRun(stateAfter(...INTO_THE_REST), WORKLOADS, { ...OPTIONS, height: 14 }));
    expect(folded).toHaveLength(13);
    expect(folded).toContain('  · 2 namespaces waiting');
    expect(folded.join('\n')).toContain('Deployment web');
    expect(lines(renderRun(BLOCKED, WORKLOADS, { ...OPTIONS, height: 8 })).at(-1)).toMatch(/^… \d+ more lines$/);
  });

  it('takes control characters out of what the cluster says', () => {
    const evil = [progress('web', 'failed', [0, 1], 'boom\u001b]0;owned\u0007\nnext\u202e')];
    const text = renderRun(stateAfter(...INTO_THE_REST), evil, OPTIONS);
    expect(text).toContain('boom ]0;owned next');
    // eslint-disable-next-line no-control-regex -- control characters are the question
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('the lines of a log', () => {
  const now = at(999);

  it('tell phases and namespaces in order of time, also what came and went between two looks', () => {
    const before = stateAfter(...UP_TO_GATE.slice(0, 5));
    expect(describeChanges(before, stateAfter(...INTO_THE_REST), now)).toEqual([
      `${at(70)} namespace catalog moved (3 workloads, 9 pods)`,
      `${at(80)} awaiting promotion (gate canary)`,
      `${at(90)} migrating wave rest`,
      `${at(100)} namespace cart moves`,
    ]);
  });

  it('begin with what is the case, and are silent when nothing changed', () => {
    const state = stateAfter(...UP_TO_GATE);
    expect(describeChanges(null, state, now)).toEqual([
      `${at(70)} namespace catalog moved (3 workloads, 9 pods)`,
      `${at(80)} awaiting promotion at gate canary`,
    ]);
    expect(describeChanges(state, state, now)).toEqual([]);
  });

  it('tell the obstacle with its remedy, and who paused', () => {
    expect(describeChanges(stateAfter(...INTO_THE_REST), BLOCKED, now)).toEqual([
      `${at(110)} namespace cart failed: Deployment web 1/3`,
      `${at(120)} blocked while migrating wave rest`,
      `${at(120)}   WorkloadNotReady: Cluster shop, Deployment cart/web: 1 of 3.`,
      `${at(120)}   Look at it.`,
    ]);
    const paused = stateAfter(...INTO_THE_REST, { type: 'paused', by: 'ben', reason: 'lunch' });
    expect(describeChanges(stateAfter(...INTO_THE_REST), paused, now)).toEqual([`${at(110)} paused by ben: lunch`]);
    expect(describeChanges(paused, stateAfter(...INTO_THE_REST), now)).toEqual([`${now} resumed`]);
  });
});

describe('the picture of a plan', () => {
  it('shows route, findings, waves, commands and estimate', () => {
    const finding = {
      check: 'MESH016',
      severity: 'warning',
      reason: 'InPlace',
      message: 'The gateway.',
      remedy: 'Plan it.',
    } as const;
    expect(lines(renderPlan({ ...PLAN, findings: [finding] }, OPTIONS))).toEqual([
      'shop · 1.6.13 (default) → 1.6.14-asm.2 (asm-1614-2)',
      '',
      'Findings · 1 warning',
      '  Gateways · 1 warning',
      '    ! warning InPlace MESH016',
      '      The gateway.',
      '      → Plan it.',
      '',
      'Waves',
      '  1. canary · 1 namespace',
      '     catalog',
      '     then gate canary waits for promotion',
      '  2. rest · 3 namespaces',
      '     cart, orders, payments',
      '     then gate finalize waits for promotion',
      '',
      'Budget',
      '  at most 2 of 40 pods unavailable (5%), 25% of a namespace; as many workloads at once as',
      '  the cluster bears',
      '',
      'What a person would type',
      '  istioctl install --set profile=asm-multicloud --set revision=asm-1614-2',
      '',
      'Estimate',
      '  6 to 11 minutes for 4 namespaces, 12 workloads, 40 pods, without the waiting at gates (a',
      '  gate waits up to 7d)',
      '',
      'Plan hash',
      `  ${'a'.repeat(64)}`,
    ]);
  });

  it('shows which workloads are no plain rolling restart; all of them on demand', () => {
    const row = (name: string, strategy: string, action: 'restart' | 'evict') => ({
      ...{ kind: 'StatefulSet', namespace: 'cart', name, strategy, action },
      sentence: `StatefulSet cart/${name} (${strategy}) is ${action}ed.`,
    });
    const workloads = [row('a', 'OnDelete', 'evict'), row('b', 'RollingUpdate', 'restart')];
    const shown = (wide: boolean) => {
      const all = lines(renderPlan({ ...PLAN, workloads }, { ...OPTIONS, wide }));
      return all.slice(all.indexOf('Workloads') + 1, all.indexOf('What a person would type') - 1);
    };
    expect(shown(false)).toEqual([
      '  StatefulSet cart/a (OnDelete) is evicted.',
      '  1 workload restarted by a plain rolling update',
    ]);
    expect(shown(true)).toEqual(workloads.map(({ sentence }) => `  ${sentence}`));
  });

  it('says when there is no way', () => {
    expect(renderPlan({ ...PLAN, route: null, waves: [] }, OPTIONS)).toContain('shop · no way to 1.6.14-asm.2');
  });
});

describe('the table of operations', () => {
  it('shows commands that can be pasted, and why one failed', () => {
    const argv = ['kubectl', 'patch', '--patch={"a": "it\'s"}', '', 'ns/cart'];
    expect(commandLine(argv)).toBe(`kubectl patch '--patch={"a": "it'\\''s"}' '' ns/cart`);
    const operation = { id: '1', argv: ['istioctl', 'install'], mutating: true, startedAt: at(0), finishedAt: at(65) };
    expect(
      renderOperations([{ ...operation, outcome: 'failed', tail: 'no such\nprofile' }])
        .split('\n')
        .slice(1),
    ).toEqual([`${at(0)}  01:05  failed   istioctl install`, '    no such', '    profile', '']);
    expect(renderOperations([])).toBe('Nothing has been done yet.\n');
  });
});
