import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { policySchema } from '../../domain/policy/schema.js';
import { openBench } from './support/bench.js';
import type { MeshSpec } from './support/fake-mesh.js';
import { OTHER_HASH, refusalOf, type Run } from './support/run.js';

const bench = openBench();
const SHOP = { canary: { cart: ['web'] }, rest: { pay: ['web'] } };
const LOOK = { analysis: 'istio-defaults' };
const LOOKS = 'judgeGate canary analysis istio-defaults';
const MANUAL = { manual: true, approvers: 1 } as const;

type OnFailure = z.input<typeof policySchema>['onFailure'];
const looking = (onFailure: OnFailure = {}): MeshSpec => ({
  ...SHOP,
  canaryGate: [LOOK, MANUAL],
  options: { policy: policySchema.parse({ onFailure }) },
});

/** A run whose first look at the canary ends like this. */
async function startWith(spec: MeshSpec, ...verdicts: readonly ('failed' | 'inconclusive' | 'error')[]): Promise<Run> {
  const mesh = bench.mesh(spec);
  mesh.verdicts.push(...verdicts);
  return bench.startOn(mesh);
}
const toldIn = ({ mesh }: Run) =>
  mesh.journal.flatMap(({ body }) => (body.type === 'transition' ? [body.message] : []));

describe('a gate', () => {
  it('that needs two people opens when two different ones have promoted', async () => {
    const run = await bench.start({ ...SHOP, canaryGate: [{ manual: true, approvers: 2 }] });
    await run.reaches('awaitingPromotion');
    const once = await run.promoteAs({ gate: 'canary', by: 'ada' });
    expect(once.phase).toMatchObject({ name: 'awaitingPromotion', approvers: 2, approvals: [{ by: 'ada' }] });
    expect(await refusalOf(run.promoteAs({ gate: 'canary', by: 'ada' }))).toBe('AlreadyApproved');
    expect(run.mesh.labels.get('pay')).toBe('old');
    expect((await run.promoteAs({ gate: 'canary', by: 'ben' })).phase).toMatchObject({ name: 'migrating', wave: 1 });
    await run.promoteAll('finalize');
    const end = await run.end();
    expect(end.promotions.map(({ gate, by }) => `${gate} by ${by}`)).toEqual([
      'canary by ada',
      'canary by ben',
      'finalize by ada',
    ]);
    expect(toldIn(run)).toContain('gate canary promoted by ben');
  });

  it('without a step opens by itself', async () => {
    const run = await bench.start({ ...SHOP, canaryGate: [] });
    await run.promoteAll('finalize');
    expect((await run.end()).timeline.map(({ phase }) => phase)).toEqual([
      'planning',
      'preflight',
      'preparing',
      'installing',
      'verifying',
      'migrating',
      'migrating',
      'awaitingPromotion',
      'finalizing',
      'succeeded',
    ]);
  });

  it('that looks and finds the wave good goes on, and keeps what it has measured', async () => {
    const run = await bench.start({ ...SHOP, canaryGate: [LOOK, { webhook: 'ci' }, { job: 'smoke' }] });
    await run.promoteAll('finalize');
    const { verdicts = [], phase } = await run.end();
    expect(phase.name).toBe('succeeded');
    expect(verdicts.map(({ wave, step, verdict }) => [wave, step, verdict])).toEqual([
      [0, 0, 'successful'],
      [0, 1, 'successful'],
      [0, 2, 'successful'],
    ]);
    expect(verdicts[0]?.measurements).toEqual([
      { metric: 'errors', value: 0.2, threshold: 'at most 0.01', verdict: 'successful' },
    ]);
  });

  it('that fails sends the run back by itself', async () => {
    const run = await startWith(looking(), 'failed');
    const end = await run.end();
    expect(end).toMatchObject({
      phase: { name: 'rolledBack' },
      rollback: { by: 'meshlift', reason: 'Wave canary is failed.' },
    });
    expect(run.mesh.labels.get('cart')).toBe('old');
    expect(toldIn(run)).toContain('gate canary, analysis istio-defaults: failed. Wave canary is failed.');
  });

  it.each(['inconclusive', 'error'] as const)('that is %s waits for a person, who looks again', async (verdict) => {
    const run = await startWith(looking(), verdict);
    await run.reaches('blocked');
    expect((await run.state()).phase).toMatchObject({
      obstacle: { reason: 'GateInconclusive', message: `Wave canary is ${verdict}.` },
    });
    await run.retry();
    await run.promoteAll('canary', 'finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(run.mesh.script.begun().filter((call) => call === LOOKS)).toHaveLength(2);
  });

  it('that fails can be overridden, with a reason that is kept', async () => {
    const run = await startWith(looking({ analysis: 'pause' }), 'failed');
    await run.reaches('blocked');
    expect(await refusalOf(run.promote('canary'))).toBe('WrongPhase');
    const state = await run.promoteAs({ gate: 'canary', override: 'known noise' });
    expect(state).toMatchObject({
      phase: { name: 'awaitingPromotion', step: 1 },
      promotions: [{ gate: 'canary', by: 'ada', override: 'known noise' }],
    });
    await run.promoteAll('canary', 'finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(toldIn(run)).toContain('gate canary overridden by ada: known noise');
  });

  it('is cut short by an override, and by a rollback', async () => {
    const run = await bench.start({ ...SHOP, canaryGate: [LOOK, { job: 'smoke' }] });
    const { script } = run.mesh;
    script.hold(LOOKS);
    script.hold('judgeGate canary job smoke');
    await script.sees(LOOKS, 'begun');
    expect((await run.promoteAs({ gate: 'canary', override: 'in a hurry' })).phase).toMatchObject({ step: 1 });
    await script.sees(LOOKS, 'cancelled');
    await script.sees('judgeGate canary job smoke', 'begun');
    await run.rollBack();
    await script.sees('judgeGate canary job smoke', 'cancelled');
    expect((await run.end()).phase.name).toBe('rolledBack');
  });

  it('does not send a run back that a person holds', async () => {
    const mesh = bench.mesh(looking());
    mesh.verdicts.push('failed');
    const run = await bench.startOn(mesh);
    const hold = mesh.script.hold(LOOKS);
    await mesh.script.sees(LOOKS, 'begun');
    await run.pause();
    hold.open();
    await run.reaches('blocked');
    expect(await run.state()).toMatchObject({ phase: { obstacle: { reason: 'GateFailed' } }, pause: { by: 'ada' } });
  });
});

describe('a wave that its gate sends back', () => {
  it('goes back alone, waits for a person, and moves once more', async () => {
    const spec: MeshSpec = {
      ...SHOP,
      rest: { pay: ['web'], mail: ['web'] },
      options: {
        policy: policySchema.parse({ gates: { afterWave: [LOOK] }, onFailure: { analysis: 'rollBackWave' } }),
      },
    };
    const mesh = bench.mesh(spec);
    const hold = mesh.script.hold('judgeGate rest analysis istio-defaults');
    const run = await bench.startOn(mesh);
    await mesh.script.sees('judgeGate rest analysis istio-defaults', 'begun');
    mesh.verdicts.push('failed');
    hold.open();
    await run.reaches('blocked');

    const { phase, namespaces } = await run.state();
    expect(phase).toMatchObject({ during: { name: 'migrating', wave: 1 }, obstacle: { reason: 'WaveMovedBack' } });
    expect(namespaces.map(({ namespace, status }) => `${namespace} ${status}`)).toEqual([
      'cart moved',
      'pay movedBack',
      'mail movedBack',
    ]);
    expect([...mesh.labels.entries()]).toEqual([
      ['cart', 'new'],
      ['pay', 'old'],
      ['mail', 'old'],
    ]);
    expect([...mesh.controlPlanes]).toEqual(['old', 'new']);

    await run.retry();
    expect((await run.end()).phase.name).toBe('succeeded');
    expect([...mesh.labels.values()]).toEqual(['new', 'new', 'new']);
  });

  it('takes the whole run along where it has moved a tag that others share', async () => {
    const spec = looking({ analysis: 'rollBackWave' });
    const run = await startWith({ ...spec, canaryTags: ['prod'] }, 'failed');
    expect((await run.end()).phase.name).toBe('rolledBack');
  });
});

describe('a change of policy', () => {
  const OPEN = { gates: { afterWave: [] }, timeouts: { workload: '1h' } };

  it('reaches the waves that have not begun, and binds promotions to a new hash', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    const changed = await run.changePolicy(OPEN);
    expect(changed).toMatchObject({
      phase: { name: 'awaitingPromotion', gate: 'canary' },
      plan: { hash: OTHER_HASH, policy: { gates: { afterWave: [] }, timeouts: { workload: 3600 } } },
      earlierPolicies: [{ before: 1, policy: { gates: { afterWave: [{ manual: true }] } } }],
    });
    expect(changed.timeline.at(-1)).toMatchObject({ phase: 'awaitingPromotion', note: 'policy changed by ada' });
    expect(await refusalOf(run.promote('canary'))).toBe('PlanChanged');
    await run.promoteAs({ gate: 'canary', planHash: OTHER_HASH });
    // Nobody promotes `finalize`: its gate has no step any more.
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(toldIn(run)).toContain(`policy changed by ada: the plan is ${OTHER_HASH} from now on`);
  });

  it('is refused for another plan, for other waves, and when no wave is left', async () => {
    const run = await bench.start(SHOP);
    await run.reaches('awaitingPromotion');
    expect(await refusalOf(run.changePolicy(OPEN, 'b'.repeat(64)))).toBe('PlanChanged');
    expect(await refusalOf(run.changePolicy({ ...OPEN, waves: [{ name: 'all' }] }))).toBe('PolicyFixed');
    expect(await refusalOf(run.changePolicy({ gateways: { when: 'lastWave' } }))).toBe('PolicyFixed');
    await run.promote('canary');
    await run.reaches('awaitingPromotion', 2);
    expect(await refusalOf(run.changePolicy(OPEN))).toBe('WrongPhase');
  });
});
