import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';

const TARGET = '1.31.0';
const OLD = '1.30.3';
const OPTIONS = { canary: ['catalog'], finalizeSoakSeconds: 0 };

/**
 * A mesh with sidecars and an ambient data plane on three nodes. The DaemonSets, their roll-out from node to node and the gating are
 * real; what CNI and ztunnel do on a node is not: their pods are simulated, and no traffic flows.
 */
describe.each(['ambient', 'helm-ambient'] as const)('an upgrade of current Istio, scenario %s', (scenario) => {
  let mesh: Mesh;
  let original: unknown;
  // A release of Helm says itself which profile it has.
  const options = scenario === 'ambient' ? { ...OPTIONS, profile: 'ambient' } : OPTIONS;
  beforeAll(async () => {
    mesh = await startMesh(`istio-${scenario}`, 'istio', { scenario });
    original = await everything(mesh);
  });
  afterAll(async () => mesh.stop());

  const toTheLastGate = async (): Promise<string> => {
    const run = await mesh.api.start(mesh.cluster, options, TARGET);
    for (const gate of ['canary', 'rest']) {
      await mesh.api.untilGate(run, gate);
      // Until all workloads have moved, what every node shares is what it was.
      expect(await versions(mesh)).toEqual(allOn(OLD));
      await mesh.api.promote(run);
    }
    await mesh.api.untilGate(run, 'finalize');
    return run;
  };

  it('is refused with what would not replace what runs on every node', async () => {
    if (scenario === 'helm-ambient') await disown(mesh, 'ztunnel');
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    const { findings } = await mesh.api.untilPhase(run, 'rejected');
    const told = findings.filter(({ check }) => check === 'MESH055').map(({ message }) => message);
    expect(told).toEqual([expect.stringContaining('DaemonSet istio-system/ztunnel')]);
    if (scenario === 'helm-ambient') await own(mesh, 'ztunnel');
    expect(await everything(mesh)).toEqual(original);
  });

  it('replaces CNI, then ztunnel, then waypoints, after the workloads, and brings them back', async () => {
    const run = await toTheLastGate();
    expect(await versions(mesh)).toEqual(allOn(TARGET));
    const operations = await mesh.api.operations(run);
    const lines = operations.map(({ argv }) => argv.join(' '));
    const place = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
    const order = [/daemonset\/istio-cni-node/, /daemonset\/ztunnel/, /waypoint .*istio.io\/rev=1-31-0/].map(place);
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));

    await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
    await mesh.api.untilPhase(run, 'rolledBack');
    expect(await versions(mesh)).toEqual(allOn(OLD));
    expect(await everything(mesh)).toEqual(original);
  });

  it('goes through to the end, and can be taken back', async () => {
    const run = await toTheLastGate();
    await mesh.api.promote(run);
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await versions(mesh)).toEqual(allOn(TARGET));

    const latest = `/v1/upgrades/${mesh.cluster}/latest`;
    const { body } = await mesh.api.command(latest, 'rollback', { reason: 'second thoughts' });
    const back = `/v1/upgrades/${mesh.cluster}/${String(body['runId'])}`;
    expect((await mesh.api.untilPhase(back, 'rolledBack')).proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await versions(mesh)).toEqual(allOn(OLD));
    expect(await everything(mesh)).toEqual(original);
  });
});

/** What Helm writes on its objects, taken away and given back. */
const OWNER = 'meta.helm.sh/release-name';
const disown = (mesh: Mesh, name: string) =>
  mesh.facts.run('annotate', 'daemonset', name, '-n', 'istio-system', `${OWNER}-`);
const own = (mesh: Mesh, name: string) =>
  mesh.facts.run('annotate', 'daemonset', name, '-n', 'istio-system', `${OWNER}=${name}`);

/** The mesh as a rollback must bring it back, as kubectl sees it. */
async function everything(mesh: Mesh): Promise<unknown> {
  const declared = await mesh.facts.list('gateways.gateway.networking.k8s.io', '-A');
  const agents = await mesh.facts.list('daemonsets', '-n', 'istio-system');
  return {
    mesh: await mesh.facts.snapshot(),
    declared: declared.map(({ metadata, spec }) => [metadata.name, metadata.labels ?? {}, spec]),
    agents: agents.map(({ metadata, spec }) => [metadata.name, metadata.labels, spec]),
  };
}

/** What the pods of each part run, on all nodes together. */
async function versions(mesh: Mesh): Promise<Record<string, string[]>> {
  const pods = (await mesh.facts.list('pods', '-A')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const imagesOf = (start: string) => {
    const own = pods.filter(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`.startsWith(start));
    const images = own.map(({ spec }) => (spec?.['containers'] as { image: string }[])[0]?.image ?? '');
    return [...new Set(images.map((image) => (image.split(':')[1] ?? '').replace('-distroless', '')))];
  };
  return {
    cni: imagesOf('istio-system/istio-cni-node-'),
    ztunnel: imagesOf('istio-system/ztunnel-'),
    waypoint: imagesOf('ambient/waypoint-'),
  };
}

function allOn(version: string): Record<string, string[]> {
  return { cni: [version], ztunnel: [version], waypoint: [version] };
}
