import { describe, expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import type { Run } from './support/run.js';

// In a file of their own, and every run comes to its end: see clock.test.ts.
const bench = openBench();
const HOUR = 3_600;
const MANUAL = { manual: true, approvers: 1 } as const;
const LOOK = { analysis: 'istio-defaults' };
const LOOKS = 'judgeGate canary analysis istio-defaults';

const start = (...canaryGate: NonNullable<Parameters<typeof bench.start>[0]['canaryGate']>) =>
  bench.start({ canary: { cart: ['web'] }, canaryGate });
const secondsOf = ({ phase }: Awaited<ReturnType<Run['state']>>, since: string) =>
  phase.name === 'soaking' ? (Date.parse(phase.until) - Date.parse(since)) / 1_000 : null;

describe('a soak', () => {
  it('says until when it lasts, and can be made longer', async () => {
    const run = await start({ soak: HOUR }, MANUAL);
    await run.reaches('soaking');
    const begun = await run.state();
    expect(secondsOf(begun, begun.since)).toBe(HOUR);
    const longer = await run.promoteAs({ gate: 'finalize', soak: { extendSeconds: 2 * HOUR } });
    expect(secondsOf(longer, begun.since)).toBe(3 * HOUR);
    expect(longer.timeline.at(-1)?.note).toMatch(/, by ada$/);
    await bench.env().sleep('2 hours');
    expect((await run.state()).phase.name).toBe('soaking');
    await bench.env().sleep('61 minutes');
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });

  it.each([['skip' as const], [{ extendSeconds: -24 * HOUR }]])('ends at once when a person says %j', async (soak) => {
    const run = await start({ soak: 6 * HOUR }, MANUAL);
    await run.reaches('soaking');
    const asked = await run.state();
    await run.promoteAs({ gate: 'finalize', soak });
    await run.promoteAll('finalize');
    const end = await run.end();
    const ended = end.timeline.find(({ phase }) => phase === 'awaitingPromotion')!;
    expect(Date.parse(ended.at) - Date.parse(asked.since)).toBeLessThan(6 * HOUR * 1_000);
    const told = run.mesh.journal.flatMap(({ body }) => (body.type === 'transition' ? [body.message] : []));
    expect(told.some((line) => /^soak (ended|shortened by 1d) by ada$/.test(line))).toBe(true);
  });

  it('is looked at while it lasts, and once more at its end', async () => {
    const run = await start({ soak: HOUR }, LOOK);
    expect((await run.end()).phase.name).toBe('succeeded');
    const calls = run.mesh.script.begun().filter((call) => call.startsWith('judgeGate'));
    expect(calls).toEqual([`${LOOKS} meanwhile`, LOOKS]);
  });

  it('ends at once when that look fails', async () => {
    const mesh = bench.mesh({ canary: { cart: ['web'] }, canaryGate: [{ soak: 7 * 24 * HOUR }, LOOK] });
    mesh.verdicts.push('failed');
    const run = await bench.startOn(mesh);
    const end = await run.end();
    expect(end).toMatchObject({ phase: { name: 'rolledBack' }, rollback: { by: 'meshlift' } });
    expect(mesh.script.begun().filter((call) => call.startsWith('judgeGate'))).toEqual([`${LOOKS} meanwhile`]);
  });

  it('waits for its end with what is only unclear', async () => {
    const mesh = bench.mesh({ canary: { cart: ['web'] }, canaryGate: [{ soak: HOUR }, LOOK, MANUAL] });
    mesh.verdicts.push('inconclusive');
    const run = await bench.startOn(mesh);
    await run.reaches('soaking');
    await bench.env().sleep('2 hours');
    await run.promoteAll('finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
  });
});
