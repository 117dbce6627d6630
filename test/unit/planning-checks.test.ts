import { describe, expect, it } from 'vitest';
import { isAsked } from '../../domain/driver-checks.js';
import { CHECKS_TO_RUN } from '../../activities/planning/checks/index.js';
import { CHECK_IDS } from '../../domain/checks/catalogue.js';
import { applyWaivers, isBlocking, verdictsOf } from '../../domain/checks/verdicts.js';
import { upgradeRequestSchema, type Finding } from '../../domain/plan.js';
import { reduce } from '../../domain/reduce.js';
import type { RunEvent } from '../../domain/run.js';
import { journalLines } from '../../workflows/journal-lines.js';
import { at, PLAN, stateAfter } from './cli-support.js';

/** The version gate and the named namespaces are looked at when the plan is made, before there is anything to check. */
const ASKED_BY_THE_PLAN = ['MESH001', 'MESH002', 'MESH003'];

const finding = (check: string, severity: Finding['severity']): Finding => ({
  check,
  severity,
  reason: 'WorkloadPaused',
  message: 'Deployment shop/cart is paused.',
  remedy: 'Resume it.',
});

describe('the catalogue of checks', () => {
  it('has a function for each of its entries, and an entry for each function', () => {
    const run = [...CHECKS_TO_RUN.map(({ id }) => id), ...ASKED_BY_THE_PLAN].sort();
    expect(run).toEqual(CHECK_IDS);
  });

  it('gives every check that is asked a verdict, and the worst of its findings', () => {
    const verdicts = verdictsOf([finding('MESH020', 'warning'), finding('MESH020', 'blocker')], 'asm-1.6');
    expect(verdicts.map(({ check }) => check)).toEqual(CHECK_IDS.filter((id) => isAsked(id, 'asm-1.6')));
    expect(verdicts.find(({ check }) => check === 'MESH020')?.verdict).toBe('blocker');
    expect(verdicts.filter(({ verdict }) => verdict !== 'pass')).toHaveLength(1);
  });
});

describe('a waiver', () => {
  const waiver = (check: string) => [{ check, reason: 'known, and all right here' }];

  it.each(['blocker', 'unknown'] as const)(
    'lets a run go on over a finding that is %s, and stays visible',
    (severity) => {
      const [waived] = applyWaivers([finding('MESH020', severity)], waiver('MESH020'));
      expect(isBlocking(finding('MESH020', severity))).toBe(true);
      expect(waived).toMatchObject({ severity, waived: 'known, and all right here' });
      expect(waived !== undefined && isBlocking(waived)).toBe(false);
    },
  );

  it('of another check, or of one that cannot be waived, changes nothing', () => {
    expect(applyWaivers([finding('MESH020', 'blocker')], waiver('MESH021'))).toEqual([finding('MESH020', 'blocker')]);
    expect(applyWaivers([finding('MESH001', 'blocker')], waiver('MESH001'))).toEqual([finding('MESH001', 'blocker')]);
  });

  it.each(['MESH001', 'MESH999', 'nonsense'])('of %s is refused before anything is planned', (check) => {
    const request = { cluster: 'shop', release: '1.6.14-asm.2', options: { waivers: waiver(check) } };
    expect(upgradeRequestSchema.safeParse(request).success).toBe(false);
  });
});

describe('the journal', () => {
  it('says who waived what, and why, once for each check that found something', () => {
    const waived: Finding = { ...finding('MESH020', 'blocker'), waived: 'resumed on Monday' };
    const events: RunEvent[] = [
      { type: 'planned', plan: PLAN, at: at(1) },
      { type: 'preflightFinished', findings: [waived, waived, finding('MESH023', 'warning')], at: at(2) },
    ];
    const before = reduce(stateAfter(), events[0]!);
    expect(journalLines(before, reduce(before, events[1]!), events[1]!)).toEqual([
      'MESH020 waived by amy: resumed on Monday',
      'preparing',
    ]);
  });
});
