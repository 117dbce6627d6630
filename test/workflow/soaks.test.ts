import { describe, expect, it } from 'vitest';
import { openBench, startDevServer } from './support/bench.js';
import { digested } from './support/history.js';
import type { Run } from './support/run.js';

// On a real clock: what looks while a wave soaks is cancelled by whatever ends the soak, and after that the clock of the
// server that skips time may stand still for good. A soak whose end must come is SHORT, any other lasts for hours.
const bench = openBench(startDevServer);
const SHORT = 3;
const HOUR = 3_600;
const MANUAL = { manual: true, approvers: 1 } as const;
const LOOK = { analysis: 'istio-defaults' };
const LOOKS = 'judgeGate canary analysis istio-defaults';
const PODS = 'watchPodHealth canary';

type State = Awaited<ReturnType<Run['state']>>;
type Gate = NonNullable<Parameters<typeof bench.start>[0]['canaryGate']>;

const meshWith = (...canaryGate: Gate) => bench.mesh({ canary: { cart: ['web'] }, canaryGate });
const start = (...canaryGate: Gate) => bench.startOn(meshWith(...canaryGate));
const secondsOf = ({ phase }: State, since: string) =>
  phase.name === 'soaking' ? (Date.parse(phase.until) - Date.parse(since)) / 1_000 : null;
const extend = (run: Run, seconds: number) => run.promoteAs({ gate: 'finalize', soak: { extendSeconds: seconds } });
/** Shortens a soak to a second or two from now. @returns its new end */
async function endsSoon(run: Run): Promise<number> {
  const { phase } = await run.state();
  if (phase.name !== 'soaking') throw new Error(phase.name);
  const until = Date.parse(phase.until);
  const seconds = Math.ceil((Date.now() - until) / 1_000) + 1;
  await extend(run, seconds);
  return until + seconds * 1_000;
}
const toldIn = ({ mesh }: Run) =>
  mesh.journal.flatMap(({ body }) => (body.type === 'transition' ? [body.message] : []));
const begunIn = ({ mesh }: Run, word: string) => mesh.script.begun().filter((call) => call.startsWith(word));
const succeeds = async (run: Run) => {
  const end = await run.end();
  expect(end.phase.name).toBe('succeeded');
  return end;
};

describe('a soak', () => {
  it('says until when it lasts, can be made longer or shorter, and lasts until then', async () => {
    const run = await start({ soak: HOUR }, MANUAL);
    await run.reaches('soaking');
    const begun = await run.state();
    expect(secondsOf(begun, begun.since)).toBe(HOUR);
    const longer = await extend(run, 2 * HOUR);
    expect(secondsOf(longer, begun.since)).toBe(3 * HOUR);
    expect(longer.timeline.at(-1)?.note).toMatch(/, by ada$/);
    await run.mesh.script.until('the pods are looked at anew', () => begunIn(run, PODS).length === 2);
    expect((await run.state()).phase).toEqual(longer.phase);

    const end = await endsSoon(run);
    await run.promoteAll('finalize');
    const ended = (await succeeds(run)).timeline.find(({ phase }) => phase === 'awaitingPromotion')!;
    expect(Date.parse(ended.at)).toBeGreaterThanOrEqual(end);
  });

  it('is over at its end, whatever still looks then', async () => {
    const mesh = meshWith({ soak: SHORT }, LOOK);
    mesh.script.hold(PODS);
    mesh.script.hold(`${LOOKS} meanwhile`);
    const run = await bench.startOn(mesh);
    await mesh.script.sees(PODS, 'cancelled');
    await mesh.script.sees(`${LOOKS} meanwhile`, 'cancelled');
    const { timeline, verdicts = [] } = await succeeds(run);
    const [since, ended] = ['soaking', 'analysing'].map((name) => timeline.find(({ phase }) => phase === name)!);
    expect(Date.parse(ended!.at) - Date.parse(since!.at)).toBeGreaterThanOrEqual(SHORT * 1_000);
    expect(verdicts.map(({ step, verdict }) => [step, verdict])).toEqual([[1, 'successful']]);
    // A look that was not let finish is nothing to tell.
    expect(toldIn(run).filter((line) => line.includes('cannot look'))).toEqual([]);
  });

  it('goes on when it is made longer in its last instant', async () => {
    const mesh = meshWith({ soak: SHORT }, MANUAL);
    const hold = mesh.script.hold(PODS, { stubborn: true });
    const run = await bench.startOn(mesh);
    await mesh.script.sees(PODS, 'cancelling');
    const longer = await extend(run, HOUR);
    expect(secondsOf(longer, longer.startedAt)).toBeGreaterThan(HOUR);
    hold.open();
    await digested(run.handle, 'ended watchPodHealth');
    await mesh.script.until('the pods are looked at anew', () => begunIn(run, PODS).length === 2);
    expect((await run.state()).phase).toEqual(longer.phase);
  });

  it.each([['skip' as const], [{ extendSeconds: -24 * HOUR }]])('ends at once when a person says %j', async (soak) => {
    const run = await start({ soak: 6 * HOUR }, MANUAL);
    await run.reaches('soaking');
    await run.promoteAs({ gate: 'finalize', soak });
    await run.promoteAll('finalize');
    await succeeds(run);
    expect(toldIn(run).some((line) => /^soak (ended|shortened by 1d) by ada$/.test(line))).toBe(true);
  });

  it('is looked at while it lasts, and once more at its end', async () => {
    const run = await start({ soak: HOUR }, LOOK);
    await run.mesh.script.sees(`${LOOKS} meanwhile`, 'ended');
    await digested(run.handle, 'ended judgeGate');
    expect(begunIn(run, 'judgeGate')).toEqual([`${LOOKS} meanwhile`]);
    await run.promoteAs({ gate: 'finalize', soak: 'skip' });
    await succeeds(run);
    expect(begunIn(run, 'judgeGate')).toEqual([`${LOOKS} meanwhile`, LOOKS]);
  });

  it('ends at once when that look fails', async () => {
    const mesh = meshWith({ soak: 7 * 24 * HOUR }, LOOK);
    mesh.verdicts.push('failed');
    const run = await bench.startOn(mesh);
    expect(await run.end()).toMatchObject({ phase: { name: 'rolledBack' }, rollback: { by: 'meshlift' } });
    expect(begunIn(run, 'judgeGate')).toEqual([`${LOOKS} meanwhile`]);
  });

  it('waits for its end with what is only unclear', async () => {
    const mesh = meshWith({ soak: HOUR }, LOOK, MANUAL);
    mesh.verdicts.push('inconclusive');
    const run = await bench.startOn(mesh);
    await digested(run.handle, 'ended judgeGate');
    const { phase, verdicts = [] } = await run.state();
    expect(phase.name).toBe('soaking');
    expect(verdicts).toContainEqual(expect.objectContaining({ step: 1, verdict: 'inconclusive' }));

    await endsSoon(run);
    await run.promoteAll('finalize');
    await succeeds(run);
    expect(begunIn(run, 'judgeGate').at(-1)).toBe(LOOKS);
  });
});
