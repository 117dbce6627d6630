import { describe, expect, it } from 'vitest';
import { checkRolledBack, checkUpgraded, podsAsBefore, podsMoved } from '../../cli/demo/checks.js';
import type { DryRun, Kubectl, KubeObject } from '../../cli/demo/kubectl.js';
import { countPods, differences, takePicture, type MeshPicture } from '../../cli/demo/mesh-picture.js';
import { isVerified, renderReport, type DemoReport } from '../../cli/demo/report.js';
import type { RunState } from '../../domain/run.js';

const OLD = '1.6.13';
const NEW = '1.6.14-asm.2';

function pod(namespace: string, tag: string | null, change: Partial<KubeObject> = {}): KubeObject {
  const sidecar = tag === null ? [] : [{ name: 'istio-proxy', image: `gcr.io/istio-release/proxyv2:${tag}` }];
  return {
    kind: 'Pod',
    metadata: { name: 'p', namespace },
    spec: { containers: [{ name: 'app', image: 'x:1' }, ...sidecar] },
    status: { phase: 'Running' },
    ...change,
  };
}

describe('pods by proxy version', () => {
  it('leave out what has ended, what is going, and the system itself', () => {
    const pods = [
      pod('shop', OLD),
      pod('shop', NEW),
      pod('shop', NEW),
      pod('shop', null),
      pod('shop', OLD, { status: { phase: 'Succeeded' } }),
      pod('shop', OLD, { metadata: { name: 'p', namespace: 'shop', deletionTimestamp: 'now' } }),
      pod('kube-system', null),
      pod('istio-system', null, { metadata: { name: 'p', namespace: 'istio-system', labels: { app: 'istiod' } } }),
    ];
    expect(countPods(pods)).toEqual({ shop: { [OLD]: 1, [NEW]: 2, none: 1 }, 'istio-system': { istiod: 1 } });
  });

  it('have moved only when none is left and none was lost', () => {
    const before = { shop: { [OLD]: 3 }, legacy: { none: 2 } };
    const verdict = (after: Record<string, Record<string, number>>) => podsMoved(before, after).map(({ ok }) => ok);
    expect(verdict({ shop: { [NEW]: 3 }, legacy: { none: 2 } })).toEqual([true, true]);
    expect(verdict({ shop: { [NEW]: 3, [OLD]: 1 } })).toEqual([false, true]);
    expect(verdict({ shop: { [NEW]: 2 } })).toEqual([true, false]);
    expect(verdict({ shop: { none: 3 } })).toEqual([true, false]);
    expect(podsMoved({}, {}).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it('are as before only when every count is', () => {
    expect(podsAsBefore({ a: { [OLD]: 1 } }, { a: { [OLD]: 1 } }).ok).toBe(true);
    expect(podsAsBefore({ a: { [OLD]: 1 } }, { a: { [OLD]: 2 } })).toMatchObject({ ok: false, detail: /in a$/ });
    expect(podsAsBefore({ a: { [OLD]: 1 } }, {}).ok).toBe(false);
    expect(podsAsBefore({}, { b: { none: 1 } }).ok).toBe(false);
  });
});

/** A cluster that answers what the test says, in place of kubectl. */
function cluster(answers: Partial<Record<string, KubeObject[]>>, dryRun: (manifest: never) => DryRun): Kubectl {
  return {
    list: (...args) => Promise.resolve(answers[args[0] ?? ''] ?? []),
    dryRunCreate: (manifest) => Promise.resolve(dryRun(manifest as never)),
    create: () => Promise.resolve(),
    deleteNamespace: () => Promise.resolve(),
  };
}

const deployment = (name: string): KubeObject => ({ kind: 'Deployment', metadata: { name } });
const webhook = (failurePolicy: string): KubeObject => ({
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'istiod-istio-system' },
  webhooks: [{ name: 'validation.istio.io', failurePolicy }],
});
const picture = (pods: MeshPicture['pods']): MeshPicture => ({ pods, parts: {} });

function healthy({ kind, spec }: { kind: string; spec: { servers?: unknown[] } }): DryRun {
  if (kind === 'Pod') return { accepted: true, object: pod('probe', NEW), answer: 'accepted' };
  return spec.servers?.length === 0
    ? { accepted: false, object: null, answer: 'admission webhook "validation.istio.io" denied the request' }
    : { accepted: true, object: null, answer: 'accepted' };
}

describe('the checks of an upgrade', () => {
  const [before, after] = [picture({ shop: { [OLD]: 2 } }), picture({ shop: { [NEW]: 2 } })];
  const failing = async (kubectl: Kubectl) =>
    (await checkUpgraded(kubectl, before, after)).filter(({ ok }) => !ok).map(({ name }) => name);
  const objects = (deployments: string[], policy = 'Fail') => ({
    deployments: deployments.map(deployment),
    validatingwebhookconfigurations: [webhook(policy)],
  });

  it('pass on a whole mesh', async () => {
    expect(await failing(cluster(objects(['istiod-asm-1614-2']), healthy))).toEqual([]);
  });

  it('see an old control plane that stayed, and a new one that is missing', async () => {
    expect(await failing(cluster(objects(['istiod']), healthy))).toEqual([
      'Deployment istiod-asm-1614-2 is there',
      'Deployment istiod is not there',
    ]);
  });

  it('see validation that sleeps', async () => {
    const all = (manifest: never): DryRun => ({ ...healthy(manifest), accepted: true });
    expect(await failing(cluster(objects(['istiod-asm-1614-2'], 'Ignore'), all))).toEqual([
      'an invalid Gateway is denied by the webhook',
      'failurePolicy of validation',
    ]);
  });

  it('see a denial by somebody else, and a namespace that gets the old sidecar', async () => {
    const other = (manifest: { kind: string }): DryRun =>
      manifest.kind === 'Pod'
        ? { accepted: true, object: pod('probe', OLD), answer: 'accepted' }
        : { accepted: false, object: null, answer: 'service "istiod" not found' };
    expect(await failing(cluster(objects(['istiod-asm-1614-2']), other))).toEqual([
      'a valid Gateway is accepted',
      'an invalid Gateway is denied by the webhook',
      'a new namespace gets the new sidecar',
    ]);
  });
});

describe('the checks of a rollback', () => {
  it('name what is not as it was', async () => {
    const namespace = (label: string): KubeObject => ({
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { 'istio-injection': label } },
    });
    const at = (label: string) =>
      takePicture(cluster({ namespaces: [namespace(label)], pods: [pod('shop', OLD)] }, healthy));
    const [before, same, other] = [await at('enabled'), await at('enabled'), await at('disabled')];
    expect(differences(before, same).flatMap(({ differing }) => differing)).toEqual([]);
    const kubectl = cluster(
      { deployments: [deployment('istiod')], validatingwebhookconfigurations: [webhook('Fail')] },
      healthy,
    );
    expect((await checkRolledBack(kubectl, before, same)).filter(({ ok }) => !ok)).toEqual([]);
    expect((await checkRolledBack(kubectl, before, other)).filter(({ ok }) => !ok)).toEqual([
      { name: 'labels of every namespace as before', ok: false, detail: 'different: Namespace shop' },
    ]);
  });
});

describe('the report', () => {
  const line = { name: 'pods', ok: true, detail: 'all' };
  const report = (change: Partial<DemoReport>, proof = [line]): DemoReport => ({
    before: { shop: { [OLD]: 2 } },
    after: { shop: { [NEW]: 2 } },
    run: { proof, timeline: [{ phase: 'planning', at: '2026-01-01T00:00:00.000Z' }] } as unknown as RunState,
    checks: [line],
    setUp: [{ name: 'sandbox up', seconds: 9.87 }],
    ...change,
  });

  it('is verified only when both the run and the demo proved something, and nothing failed', () => {
    expect(isVerified(report({}))).toBe(true);
    expect(isVerified(report({ checks: [] }))).toBe(false);
    expect(isVerified(report({}, []))).toBe(false);
    expect(isVerified(report({ checks: [line, { ...line, ok: false }] }))).toBe(false);
    expect(isVerified(report({}, [{ ...line, ok: false }]))).toBe(false);
  });

  it('shows pods, durations and checks', () => {
    const text = renderReport(report({ checks: [{ ...line, ok: false }] })).join('\n');
    expect(text).toMatch(/shop +2 x 1\.6\.13 +-> +2 x 1\.6\.14-asm\.2/);
    expect(text).toMatch(/sandbox up +9\.9 s/);
    expect(text).toMatch(/FAILED +pods +all/);
  });
});
