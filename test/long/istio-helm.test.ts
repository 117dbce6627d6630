import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { unpackedRelease } from '../../sandbox/releases/archives.js';
import { CURRENT } from '../../sandbox/releases/stand-ins.js';
import { defaultCacheDir } from '../../settings/paths.js';
import { eventually } from '../e2e/support/eventually.js';
import { startMesh, type Mesh } from '../e2e/support/mesh.js';
import { proxies } from './support/proxies.js';

const TARGET = '1.31.0';
const OLD = '1.30.3';
const OPTIONS = { canary: ['catalog'], finalizeSoakSeconds: 0 };
const ISTIOD_CHART = join(
  unpackedRelease(defaultCacheDir(), CURRENT),
  'manifests/charts/istio-control/istio-discovery',
);
const VALIDATOR = 'istiod-default-validator';

interface Release {
  readonly name: string;
  readonly status: string;
}

/** A mesh that the real helm has installed from the release's charts, and what that helm says about it afterwards. */
describe('an upgrade of current Istio that Helm has installed', () => {
  let mesh: Mesh;
  let original: unknown;
  beforeAll(async () => {
    mesh = await startMesh('istio-helm', 'istio', { scenario: 'helm' });
    original = await mesh.facts.snapshot();
  });
  afterAll(async () => mesh.stop());

  /** Releases of Helm by name, with what became of them. */
  const releases = async (): Promise<Record<string, string>> => {
    const said = await helm(mesh, 'list', '--all', '--namespace', 'istio-system', '--output', 'json');
    return Object.fromEntries((JSON.parse(said) as Release[]).map(({ name, status }) => [name, status]));
  };
  const validator = async () => {
    const found = await mesh.facts.list('validatingwebhookconfigurations', '-l', 'istio.io/rev');
    return found.find(({ metadata }) => metadata.name === VALIDATOR)?.metadata.labels?.['istio.io/rev'];
  };

  it('goes on where a kill of worker and Helm left a release half-way, and goes back: Helm knows what it knew before', async () => {
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    await eventually('Helm is at work', async () => (await releases())['istiod-1-31-0'] === 'pending-install');
    process.kill((await mesh.pids()).worker, 'SIGKILL');
    await mesh.api.untilGate(run, 'canary');
    expect(await releases()).toMatchObject({ 'istiod-1-30-3': 'deployed', 'istiod-1-31-0': 'deployed' });
    expect(await proxies(mesh)).toEqual(new Set([OLD, TARGET]));
    const [config] = await mesh.facts.list('configmaps', '-n', 'istio-system', '-l', 'istio.io/rev=1-31-0,app=istiod');
    // What a person has chosen about the old one holds for the new one.
    const name = config?.metadata.name ?? 'istio-1-31-0';
    const text = await mesh.facts.run('get', 'configmap', name, '-n', 'istio-system', '-o', 'jsonpath={.data.mesh}');
    expect(parse(text)).toMatchObject({ accessLogFile: '/dev/stdout' });

    await mesh.api.command(run, 'rollback', { reason: 'rehearsal' });
    await mesh.api.untilPhase(run, 'rolledBack');
    expect(await releases()).toEqual({ 'istio-base': 'deployed', 'istiod-1-30-3': 'deployed' });
    expect(await mesh.facts.snapshot()).toEqual(original);
    expect(await proxies(mesh)).toEqual(new Set([OLD]));
  });

  it('stays a mesh of Helm at the end, and when that is taken back', async () => {
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    for (const gate of ['canary', 'rest', 'finalize']) {
      await mesh.api.untilGate(run, gate);
      await mesh.api.promote(run);
    }
    const state = await mesh.api.untilPhase(run, 'succeeded');
    expect(state.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await releases()).toEqual({
      'istio-base': 'deployed',
      'istiod-1-30-3': 'uninstalled',
      'istiod-1-31-0': 'deployed',
    });
    expect(await validator()).toBe('1-31-0');
    // Its gateway of Helm's own chart as well: the owner's release and Deployment, new pods.
    expect(await proxies(mesh)).toEqual(new Set([TARGET]));
    const kinds = 'all,configmap,sa,role,rolebinding';
    const left = await mesh.facts.list(kinds, '-n', 'istio-system', '-l', 'istio.io/rev=1-30-3');
    expect(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);

    const latest = `/v1/upgrades/${mesh.cluster}/latest`;
    const { body } = await mesh.api.command(latest, 'rollback', { reason: 'second thoughts' });
    const back = `/v1/upgrades/${mesh.cluster}/${String(body['runId'])}`;
    expect((await mesh.api.untilPhase(back, 'rolledBack')).proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await releases()).toEqual({ 'istio-base': 'deployed', 'istiod-1-30-3': 'deployed' });
    expect(await validator()).toBe('1-30-3');
    expect(await proxies(mesh)).toEqual(new Set([OLD]));
    expect(await mesh.facts.snapshot()).toEqual(original);
  });

  it('is refused where a release keeps revision tags of its own, which would go with it', async () => {
    const chart = ['--namespace', 'istio-system', '--reuse-values', '--set', 'revisionTags={prod}'];
    await helm(mesh, 'upgrade', 'istiod-1-30-3', ISTIOD_CHART, ...chart);
    const run = await mesh.api.start(mesh.cluster, OPTIONS, TARGET);
    const state = await mesh.api.untilPhase(run, 'rejected');
    expect(state.findings.filter(({ check }) => check === 'MESH057')).toMatchObject([
      { severity: 'blocker', message: expect.stringContaining('prod') as string },
    ]);
  });
});

/** Runs the helm that the sandbox registers for its cluster. */
async function helm({ sandbox }: Mesh, ...args: string[]): Promise<string> {
  const { clusters } = parse(await readFile(sandbox.configFile, 'utf8')) as { clusters: { helm: string }[] };
  const file = clusters[0]?.helm ?? 'helm';
  const target = ['--kubeconfig', sandbox.adminKubeconfig];
  return (await promisify(execFile)(file, [...target, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;
}
