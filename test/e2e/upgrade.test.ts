import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '../../domain/run.js';
import { eventually } from './support/eventually.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from './support/probes.js';
import { overlayFile, startMesh, type Mesh } from './support/mesh.js';

const OVERLAY = `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  meshConfig:
    accessLogFile: /dev/stdout
`;

/** Neither by name nor by length the first ones. */
const ORDER = ['payments', 'accounts'];

/** The main job, step by step, through the HTTP API: 1.6.13 to 1.6.14-asm.2 with a pause in mid-wave and a lost Temporal. */
describe('an upgrade to 1.6.14-asm.2', () => {
  let mesh: Mesh;
  let run: string;
  let before: Record<string, number>;

  beforeAll(async () => {
    mesh = await startMesh('e2e-upgrade', 'asm16', { overlays: { 'access-log': OVERLAY } });
    before = await mesh.facts.generations();
  });
  afterAll(async () => mesh.stop());

  it('is planned without changing anything', async () => {
    const answer = await mesh.api.request<Record<string, never>>('POST', '/v1/plans', {
      cluster: mesh.cluster,
      release: '1.6.14-asm.2',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ route: { from: { version: '1.6.13' }, to: { version: '1.6.14-asm.2' } } });
    expect(await mesh.facts.list('deployments', '-n', 'istio-system', '-l', 'istio.io/rev=asm-1614-2')).toEqual([]);
  });

  it('moves the canary wave and waits at its gate', async () => {
    const waves = [
      { name: 'canary', namespaces: ['catalog'] },
      { name: 'rest', order: ORDER },
    ];
    const policy = { waves, budget: { maxConcurrentWorkloads: 2 } };
    run = await mesh.api.start(mesh.cluster, { policy, overlays: ['access-log'] });
    const state = await mesh.api.untilGate(run, 'canary');
    expect(namespacesIn(state, 'moved')).toEqual(['catalog']);
    const pods = await mesh.facts.podsByProxy();
    expect(Object.keys(pods['catalog'] ?? {})).toEqual(['1.6.14-asm.2']);
  });

  it('installs the overlay that the plan has shown, from a copy of its own', async () => {
    const { plan } = await mesh.api.state(run);
    const sha256 = createHash('sha256').update(OVERLAY).digest('hex');
    expect(plan?.overlays).toEqual([{ name: 'access-log', sha256 }]);
    const mesh16 = await mesh.facts.run('get', 'configmap', 'istio-asm-1614-2', '-n', 'istio-system', '-o', 'yaml');
    expect(mesh16).toContain('accessLogFile: /dev/stdout');
    const install = (await mesh.api.operations(run)).find(({ argv }) => argv[0] === 'istioctl');
    expect(install?.argv.join(' ')).toMatch(/ -f \S+\/overlays\/access-log\.yaml/);
    // What the run needs from here on it has itself.
    await rm(overlayFile(mesh.dataDir, 'access-log'));
  });

  it('refuses what does not fit the phase, and changes nothing', async () => {
    const { plan } = await mesh.api.state(run);
    const wrongGate = await mesh.api.command(run, 'promote', { gate: 'finalize', planHash: plan?.hash });
    expect(wrongGate).toMatchObject({ status: 409, body: { code: 'WrongGate' } });
    const wrongPlan = await mesh.api.command(run, 'promote', { gate: 'canary', planHash: 'f'.repeat(64) });
    expect(wrongPlan).toMatchObject({ status: 409, body: { code: 'PlanChanged' } });
    expect(await mesh.api.command(run, 'retry')).toMatchObject({ status: 409, body: { code: 'WrongPhase' } });
    expect(await mesh.api.command(run, 'cancel')).toMatchObject({ status: 409, body: { code: 'WrongPhase' } });
    expect((await mesh.api.state(run)).phase).toMatchObject({ name: 'awaitingPromotion', gate: 'canary' });
  });

  it('pauses in mid-wave, survives the death of Temporal, and goes on where it was', async () => {
    await mesh.api.promote(run);
    await mesh.api.until(run, (state) => state.phase.name === 'migrating' && namespacesIn(state, 'moved').length >= 2);
    const early = await mesh.api.command(run, 'promote', { gate: 'finalize', planHash: 'a'.repeat(64) });
    expect(early).toMatchObject({ status: 409, body: { code: 'WrongPhase' } });
    expect((await mesh.api.command(run, 'pause', { reason: 'a look around' })).status).toBe(200);
    await untilNothingIsUnderWay(mesh, run);
    const held = await mesh.facts.generations();

    const { temporal } = await mesh.pids();
    process.kill(temporal, 'SIGKILL');
    await mesh.api.until(run, (state) => state.pause !== null);
    expect((await mesh.pids()).temporal).not.toBe(temporal);
    expect(await mesh.facts.generations()).toEqual(held);
    expect(Object.values(await mesh.facts.podsByProxy()).some((row) => (row['1.6.13'] ?? 0) > 0)).toBe(true);

    expect((await mesh.api.command(run, 'resume')).status).toBe(200);
    await mesh.api.untilGate(run, 'finalize');
  });

  it('finalises without breaking validation or injection', async () => {
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.length).toBeGreaterThan(3);
    expect(state.proof.filter((line) => !line.ok)).toEqual([]);

    expect(await mesh.facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await mesh.facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);
    const names = (await mesh.facts.list('deployments', '-n', 'istio-system')).map(({ metadata }) => metadata.name);
    expect(names).toContain('istiod-asm-1614-2');
    expect(names).not.toContain('istiod');
  });

  it('began with the namespaces of a wave in the order that the policy gives them', async () => {
    const labelled = (await mesh.api.operations(run)).flatMap(
      ({ id }) => /^label\/([^/]+)\/forward/.exec(id)?.[1] ?? [],
    );
    expect(labelled.slice(0, 3)).toEqual(['catalog', ...ORDER]);
    expect(new Set(labelled).size).toBe(7);
  });

  it('left every injected pod on the new proxy, and restarted every workload exactly once', async () => {
    const pods = await mesh.facts.podsByProxy();
    expect(Object.values(pods).some((row) => '1.6.13' in row)).toBe(false);
    const after = await mesh.facts.generations();
    const state = await mesh.api.state(run);
    const moved = new Set(state.namespaces.map(({ namespace }) => namespace));
    for (const [workload, generation] of Object.entries(after)) {
      const namespace = workload.split(' ')[1]?.split('/')[0] ?? '';
      expect([workload, generation - (before[workload] ?? 0)]).toEqual([workload, moved.has(namespace) ? 1 : 0]);
    }
  });

  it('tells the whole story as events that can be resumed, and as operations with their outcome', async () => {
    const all = await mesh.api.events(run);
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    const resumed = await mesh.api.events(run, { lastEventId: all.length - 3 });
    expect(resumed).toEqual(all.slice(-3));
    const operations = await mesh.api.operations(run);
    const mutating = operations.filter((operation) => operation.mutating);
    expect(mutating.length).toBeGreaterThan(20);
    expect(mutating.filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'unchanged')).toEqual([]);
    expect(mutating.some(({ argv }) => argv.join(' ').includes('istioctl install'))).toBe(true);
  });
});

function namespacesIn(state: RunState, status: string): string[] {
  return state.namespaces.filter((entry) => entry.status === status).map(({ namespace }) => namespace);
}

/**
 * Waits until nothing has been restarting for two seconds, the time that a pause may take to reach everything: from then
 * on a paused run stands still.
 */
async function untilNothingIsUnderWay(mesh: Mesh, run: string): Promise<void> {
  let quietSince = Number.POSITIVE_INFINITY;
  await eventually('the workloads under way to finish', async () => {
    const answer = await mesh.api.request<{ items: { status: string }[] }>('GET', `${run}/workloads`);
    const quiet = answer.body.items.every(({ status }) => status !== 'restarting');
    quietSince = quiet ? Math.min(quietSince, Date.now()) : Number.POSITIVE_INFINITY;
    return Date.now() - quietSince > 2_000;
  });
}
