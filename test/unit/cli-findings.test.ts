import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderCheck, renderChecks } from '../../cli/render/checks.js';
import { renderPlan } from '../../cli/render/plan.js';
import { renderRun } from '../../cli/render/run-tree.js';
import { CHECK_ENTRIES, CHECK_IDS } from '../../domain/checks/catalogue.js';
import { isAsked } from '../../domain/driver-checks.js';
import { verdictsOf } from '../../domain/checks/verdicts.js';
import type { Finding } from '../../domain/plan.js';
import { at, meshlift, PLAN, sendJson, startServer, stateAfter, type TestServer } from './cli-support.js';

const ASKED = CHECK_IDS.filter((id) => isAsked(id, 'asm-1.6'));

const OPTIONS = { width: 80, color: false };

function finding(check: string, severity: Finding['severity'], more: Partial<Finding> = {}): Finding {
  return { check, severity, reason: 'Word', message: `${check} says so.`, remedy: `Mend ${check}.`, ...more };
}

function planned(findings: readonly Finding[]) {
  return { ...PLAN, findings, checks: verdictsOf(findings, 'asm-1.6') };
}

function picture(findings: readonly Finding[], wide = false): string[] {
  return renderPlan(planned(findings), { ...OPTIONS, wide })
    .trimEnd()
    .split('\n');
}

describe('the findings of a plan', () => {
  it('show what would be lost, in part or with -o wide whole', () => {
    const diff = Array.from({ length: 14 }, (_, index) => `- setting${index}: on`).join('\n');
    const lost = [finding('MESH038', 'blocker', { diff })];
    expect(picture(lost).filter((line) => line.includes('- setting'))).toHaveLength(12);
    expect(picture(lost).join('\n')).toContain('and 2 more lines: -o wide');
    expect(picture(lost, true).filter((line) => line.includes('- setting'))).toHaveLength(14);
  });

  it('stand in groups, the one with the worst first, and are counted', () => {
    const text = picture([
      finding('MESH016', 'info'),
      finding('MESH014', 'warning'),
      finding('MESH020', 'blocker', { waived: 'resumed on Monday' }),
      finding('MESH011', 'unknown'),
      finding('MESH017', 'blocker'),
    ]);
    const passed = ASKED.length - 5;
    const from = text.findIndex((line) => line.startsWith('Findings'));
    expect(text.slice(from, text.indexOf('Waves') - 1)).toEqual([
      `Findings · 1 blocker, 1 unknown, 1 warning, 1 waived, 1 note, ${passed} checks passed`,
      '  Mesh configuration · 1 blocker',
      '    ✖ blocker Word MESH017',
      '      MESH017 says so.',
      '      → Mend MESH017.',
      '  Version and route · 1 unknown',
      '    ✖ unknown Word MESH011',
      '      MESH011 says so.',
      '      → Mend MESH011.',
      '  Control plane · 1 warning',
      '    ! warning Word MESH014',
      '      MESH014 says so.',
      '      → Mend MESH014.',
      '  Workloads · 1 waived',
      '    ↷ waived blocker Word MESH020',
      '      MESH020 says so.',
      '      → Mend MESH020.',
      '      waived: resumed on Monday',
      '  Gateways · 1 note',
      '    · info Word MESH016',
      '      MESH016 says so.',
      '      → Mend MESH016.',
    ]);
    expect(text.slice(-3)).toEqual([
      'A run of this plan would be rejected',
      '  Mend MESH011, MESH017, or take the risk with:',
      '  --waive MESH011 MESH017 --reason "..."',
    ]);
  });

  it('say what cannot be waived', () => {
    expect(picture([finding('MESH001', 'blocker')]).slice(-2)).toEqual([
      'A run of this plan would be rejected',
      '  MESH001 must be mended first.',
    ]);
    expect(picture([finding('MESH014', 'warning')]).join('\n')).not.toContain('would be rejected');
  });

  it('of one check share a mark and a remedy; of many only the first are shown', () => {
    const many = Array.from({ length: 7 }, (_, index) =>
      finding('MESH023', 'warning', {
        message: `Pod shop/p${index} is bare.`,
        command: `kubectl delete pod p${index}`,
      }),
    );
    const text = picture(many).join('\n');
    expect(text.match(/warning Word MESH023/g)).toHaveLength(1);
    expect(text.match(/→ Mend MESH023/g)).toHaveLength(1);
    expect(text).toContain('      $ kubectl delete pod p4\n      … and 2 more: -o wide');
    expect(text).not.toContain('p5');
    expect(picture(many, true).join('\n')).toContain('Pod shop/p6 is bare.');
  });

  it('keep long commands for those who want everything, and never cut a short one', () => {
    const command = `kubectl -n shop ${'x'.repeat(120)}`;
    const manifest = Array.from({ length: 9 }, (_, index) => `line: ${index}`).join('\n');
    const findings = [finding('MESH017', 'warning', { command }), finding('MESH012', 'warning', { command: manifest })];
    const text = picture(findings);
    expect(text).toContain(`      $ ${command}`);
    expect(text).toContain('      … and 9 lines to go with it: -o wide');
    expect(picture(findings, true)).toContain('        line: 8');
  });

  it('are with -o wide followed by the verdict of every check, and what it reads', () => {
    const text = picture([finding('MESH017', 'blocker')], true);
    for (const id of ASKED) expect(text.join('\n')).toContain(id);
    expect(text).toContain('    ✔ pass    MESH020 No Deployment is paused');
    expect(text).toContain('                      reads deployments');
    expect(text).toContain('    ✖ blocker MESH017 No security policy is of a kind that the release ignores');
  });

  it.each([40, 80, 120])('keep within %i columns, commands apart', (width) => {
    const findings = [finding('MESH017', 'blocker', { message: 'a word '.repeat(60) }), finding('MESH011', 'unknown')];
    for (const line of renderPlan(planned(findings), { width, color: false, wide: true }).split('\n')) {
      if (!line.includes('--waive') && !/istioctl|[0-9a-f]{64}/.test(line))
        expect(line.length).toBeLessThanOrEqual(width);
    }
  });
});

describe('a waiver', () => {
  const waived = finding('MESH020', 'blocker', { waived: 'resumed on Monday' });

  it('stands with its reason in the picture of the run', () => {
    const state = stateAfter(
      { type: 'planned', plan: PLAN },
      { type: 'preflightFinished', findings: [waived, waived] },
    );
    expect(state.phase.name).toBe('preparing');
    expect(renderRun(state, [], { ...OPTIONS, now: Date.parse(at(60)) })).toContain(
      '\n↷ MESH020 waived by amy: resumed on Monday · 2 blockers\n',
    );
  });

  it('is not what a run was rejected for', () => {
    const findings = [waived, finding('MESH011', 'unknown')];
    const state = stateAfter({ type: 'planned', plan: PLAN }, { type: 'preflightFinished', findings });
    const text = renderRun(state, [], { ...OPTIONS, now: Date.parse(at(60)) });
    expect(state.phase.name).toBe('rejected');
    expect(text).toContain('✖ unknown Word MESH011');
    expect(text).not.toContain('✖ blocker Word MESH020');
  });
});

describe('the catalogue', () => {
  it('is a table, and each check is explained', () => {
    const table = renderChecks(CHECK_ENTRIES, OPTIONS).split('\n');
    expect(table).toHaveLength(CHECK_IDS.length + 2);
    expect(table).toContain('MESH020  blocker  No Deployment is paused');
    const wide = renderChecks(CHECK_ENTRIES, { ...OPTIONS, wide: true });
    expect(wide).toMatch(/MESH020 +Workloads +blocker +yes +No Deployment is paused +deployments/);
    for (const check of CHECK_ENTRIES) {
      const text = renderCheck(check, OPTIONS);
      expect(text).toContain(check.id);
      expect(text.replace(/\s+/g, ' ')).toContain(check.reads);
    }
  });
});

describe('the command line', () => {
  let server: TestServer;
  const env = () => ({ MESHLIFT_SERVER: server.url, MESHLIFT_TOKEN: 'token' });
  const plan = planned([finding('MESH020', 'blocker', { waived: 'resumed on Monday' })]);
  beforeAll(async () => {
    server = await startServer(({ method, path }, response) => {
      if (path === '/v1/plans') sendJson(response, 200, plan);
      else sendJson(response, method === 'POST' ? 202 : 200, { cluster: 'shop', runId: 'run-1' });
    });
  });
  afterAll(async () => server.close());

  it('sends one reason for all checks that it waives', async () => {
    const waive = ['--waive', 'mesh020', 'MESH023', '--waive', 'MESH022', '--reason', 'resumed on Monday'];
    for (const verb of ['plan', 'start']) {
      expect(await meshlift([verb, 'shop', '--release', '1.6.14-asm.2', ...waive], env())).toMatchObject({ code: 0 });
      const sent = server.seen.at(-1)?.body as { options: { waivers: object[] } };
      expect(sent.options.waivers).toEqual(
        ['MESH020', 'MESH023', 'MESH022'].map((check) => ({ check, reason: 'resumed on Monday' })),
      );
    }
  });

  it('says which check cannot be waived', async () => {
    const args = ['plan', 'shop', '--release', '1.6.14-asm.2', '--waive', 'MESH001', '--reason', 'because'];
    expect((await meshlift(args, env())).err).toContain('MESH001 cannot be waived; `meshlift checks` lists what can');
    expect((await meshlift(args.slice(0, -2), env())).err).toContain('--waive needs --reason');
  });

  it('gives a plan as JSON and as YAML, the same and whole', async () => {
    const args = ['plan', 'shop', '--release', '1.6.14-asm.2', '-o'];
    expect(JSON.parse((await meshlift([...args, 'json'], env())).out)).toEqual(plan);
    expect(parse((await meshlift([...args, 'yaml'], env())).out)).toEqual(plan);
    expect((await meshlift([...args, 'wide'], env())).out).toContain('+ pass    MESH017');
  });

  it('explains the checks without asking a server', async () => {
    const asked = server.seen.length;
    expect((await meshlift(['checks'], {})).out).toContain('MESH020  blocker  No Deployment is paused');
    expect((await meshlift(['checks', 'mesh020'], {})).out).toContain('MESH020 - No Deployment is paused');
    expect(JSON.parse((await meshlift(['checks', '-o', 'json'], {})).out)).toEqual(CHECK_ENTRIES);
    expect(parse((await meshlift(['checks', 'MESH020', '-o', 'yaml'], {})).out)).toEqual(
      CHECK_ENTRIES.find(({ id }) => id === 'MESH020'),
    );
    expect(server.seen).toHaveLength(asked);
  });
});
