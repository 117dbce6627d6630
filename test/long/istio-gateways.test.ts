import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proxyTag, type KubeObject } from '../e2e/support/mesh-facts.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { watchReadiness } from './support/ready-gateways.js';

const TARGET = '1.31.0';
const OPTIONS = { canary: ['catalog'], finalizeSoakSeconds: 0 };
const NAMESPACE = 'edge-gateway';
/** One of each kind: injected, of the Gateway API, and of the installer. */
const GATEWAYS = [`${NAMESPACE}/edge-gateway`, `${NAMESPACE}/public-istio`, 'istio-system/istio-ingressgateway'];

/** Current Istio with a gateway of each kind, real istioctl and two real istiods that run the Gateway API between them. */
const ROWS = [
  { scenario: 'gateways', old: '1.30.3' },
  { scenario: 'default-gateways', old: '1.30.3' },
  // Another commit of upstream, with its own charts, CRDs and defaults: the others are one commit under two names.
  { scenario: 'older', old: '1.30.0' },
] as const;

describe.each(ROWS)('an upgrade of current Istio, scenario $scenario', ({ scenario, old }) => {
  let mesh: Mesh;
  let original: unknown;
  beforeAll(async () => {
    mesh = await startMesh(`istio-${scenario}`, 'istio', { scenario });
    original = await everything(mesh);
  });
  afterAll(async () => mesh.stop());

  const toTheLastGate = async (): Promise<string> => {
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    for (const gate of ['canary', 'rest']) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    await mesh.api.untilGate(run, 'finalize');
    return run;
  };

  it('leaves every gateway where it is until all workloads have moved, and goes back from there', async () => {
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    await mesh.api.untilGate(run, 'canary');
    await mesh.api.promote(run);
    await mesh.api.untilGate(run, 'rest');
    expect(await gatewayProxies(mesh)).toEqual(allOn(old));
    await goBack(mesh, run, old);
    expect(await everything(mesh)).toEqual(original);
  });

  it('moves one after the other without losing a ready pod or an address, and back again', async () => {
    const watched = watchReadiness(mesh.facts, GATEWAYS);
    const run = await toTheLastGate();
    expect(await gatewayProxies(mesh)).toEqual(allOn(TARGET));
    expect(await canaries(mesh)).toEqual([]);
    expect(await fronts(mesh)).toEqual((original as { fronts: unknown }).fronts);
    await goBack(mesh, run, old);
    expect(await everything(mesh)).toEqual(original);
    // Of the injected one the canary takes the place; the others have a rolling update of their own.
    expect(await watched.stop()).toMatchObject({ [`${NAMESPACE}/edge-gateway`]: 2 });
  });

  it('stops where the canary of a gateway gets no room, with the gateway untouched, and goes back', async () => {
    const pods = { kind: 'ResourceQuota', apiVersion: 'v1', metadata: { name: 'full', namespace: NAMESPACE } };
    await mesh.facts.apply({ ...pods, spec: { hard: { pods: '4' } } });
    const run = await mesh.api.start(mesh.cluster, { ...OPTIONS, waivers: waived(['MESH085']) }, TARGET);
    for (const gate of ['canary', 'rest']) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    const state = await mesh.api.untilPhase(run, 'blocked');
    const { phase } = state;
    expect(phase.name === 'blocked' ? phase.obstacle : null).toMatchObject({
      reason: 'FailedCreateQuota',
      message: expect.stringContaining('edge-gateway-1-31-0') as string,
    });
    expect((await gatewayProxies(mesh))[`${NAMESPACE}/edge-gateway`]).toEqual([old]);
    await goBack(mesh, run, old);
    await mesh.facts.remove(JSON.stringify(pods));
    expect(await everything(mesh)).toEqual(original);
  });

  it('goes through to the end, with every label as its owner wrote it, and can be taken back', async () => {
    const run = await toTheLastGate();
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(state.proof.map(({ name }) => name)).toContain('gateways are where they were');
    expect(await gatewayProxies(mesh)).toEqual(allOn(TARGET));
    expect(await fronts(mesh)).toEqual((original as { fronts: unknown }).fronts);
    const [gateway] = await mesh.facts.list('gateways.gateway.networking.k8s.io', '-n', NAMESPACE);
    expect(gateway?.metadata.labels?.['istio.io/rev']).toBeUndefined();

    const latest = `/v1/upgrades/${mesh.cluster}/latest`;
    const { body } = await mesh.api.command(latest, 'rollback', { reason: 'second thoughts' });
    const back = `/v1/upgrades/${mesh.cluster}/${String(body['runId'])}`;
    expect((await mesh.api.untilPhase(back, 'rolledBack')).proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await gatewayProxies(mesh)).toEqual(allOn(old));
    expect(await everything(mesh)).toEqual(original);
  });
});

async function goBack(mesh: Mesh, run: string, old: string): Promise<void> {
  await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
  await mesh.api.untilPhase(run, 'rolledBack');
  expect(await gatewayProxies(mesh)).toEqual(allOn(old));
  expect(await canaries(mesh)).toEqual([]);
}

function waived(checks: readonly string[]) {
  return checks.map((check) => ({ check, reason: 'it is what this test is about' }));
}

/** The mesh as a rollback must bring it back, with its gateways, as kubectl sees it. */
async function everything(mesh: Mesh): Promise<unknown> {
  const declared = await mesh.facts.list('gateways.gateway.networking.k8s.io', '-A');
  return {
    mesh: await mesh.facts.snapshot(),
    fronts: await fronts(mesh),
    declared: declared.map(({ metadata, spec }) => [metadata.name, metadata.labels ?? {}, spec]),
  };
}

/** What people outside see of the gateways, and what keeps them. */
async function fronts(mesh: Mesh): Promise<unknown> {
  const kinds = ['services', 'hpa', 'pdb'].join(',');
  const ofGateways = ({ metadata }: KubeObject) => GATEWAYS.includes(`${metadata.namespace ?? ''}/${metadata.name}`);
  const objects = (await mesh.facts.list(kinds, '-A')).filter(ofGateways);
  return objects.map(({ kind, metadata, spec, status }) => {
    const name = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    return kind === 'Service' ? [name, spec, status?.['loadBalancer']] : [name, spec];
  });
}

async function canaries(mesh: Mesh): Promise<string[]> {
  const found = await mesh.facts.list('deployments', '-A', '-l', 'meshlift.dev/canary-of');
  return found.map(({ metadata }) => metadata.name);
}

/** The proxies that each gateway runs itself; what a canary beside it runs does not count. */
async function gatewayProxies(mesh: Mesh): Promise<Record<string, string[]>> {
  const pods = (await mesh.facts.list('pods', '-A', '-l', '!meshlift.dev/canary-of')).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
  const tagsOf = (gateway: string) => {
    const own = pods.filter(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`.startsWith(`${gateway}-`));
    return [...new Set(own.map(proxyTag))];
  };
  return Object.fromEntries(GATEWAYS.map((gateway) => [gateway, tagsOf(gateway)]));
}

function allOn(tag: string): Record<string, string[]> {
  return Object.fromEntries(GATEWAYS.map((gateway) => [gateway, [tag]]));
}
