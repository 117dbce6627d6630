import { describe, expect, it } from 'vitest';
import { planOf } from '../../activities/planning/make-plan.js';
import { isWaivable } from '../../domain/checks/catalogue.js';
import type { DetectedMesh, GatewayDeployment } from '../../domain/plan.js';
import { upgradeRequestSchema } from '../../domain/plan.js';
import { runsSidecarOf, type Pod } from '../../domain/pod.js';
import { releaseEntrySchema } from '../../domain/release-entry.js';

const RELEASE = releaseEntrySchema.parse({
  driver: 'istio-revisioned',
  version: '1.31.0',
  archives: { linux: { sha256: 'a'.repeat(64) } },
});
const GATEWAYS: readonly GatewayDeployment[] = [
  { deployment: 'istio-system/istio-ingressgateway', kind: 'installed' },
  { deployment: 'edge/edge', kind: 'injected' },
  { deployment: 'edge/public-istio', kind: 'gatewayApi', declared: 'public' },
  { deployment: 'cart/waypoint', kind: 'gatewayApi', declared: 'waypoint', waypoint: true },
];

function mesh(revision: string): DetectedMesh {
  const namespace = (name: string, pods: number) => ({
    namespace: name,
    injection: 'enabled',
    revision: null,
    podsByProxy: { '1.30.3': pods },
    workloads: 2,
  });
  return {
    cluster: 'shop',
    kubernetes: '1.35',
    controlPlanes: [{ revision, deployment: 'istiod', version: '1.30.3', ready: true }],
    namespaces: [namespace('cart', 2), namespace('web', 1)],
    gateways: [],
    gatewayDeployments: GATEWAYS,
    tags: [{ tag: 'default', revision }],
  };
}

const planned = (revision = 'default', release = RELEASE) =>
  planOf(
    upgradeRequestSchema.parse({ cluster: 'shop', release: release.version, options: { inPlace: true } }),
    release,
    mesh(revision),
  );

describe('the plan of an upgrade in place', () => {
  it.each(['default', '1-30-3'])(
    'stays with revision %s on both sides, told apart by the version of proxies',
    (name) => {
      const { route } = planned(name);
      expect(route).toMatchObject({
        inPlace: true,
        from: { version: '1.30.3', revision: name, sidecar: { replaced: true } },
        to: { version: '1.31.0', revision: name, sidecar: { revision: name, proxyTag: '1.31.0' } },
      });
      expect(route?.to.sidecar.replaced).toBeUndefined();
    },
  );

  it('moves no tag, and every gateway in one last wave', () => {
    const { waves, tags } = planned();
    expect(tags).toBeUndefined();
    expect(waves.map(({ name, gate }) => [name, gate])).toEqual([
      ['canary', 'canary'],
      ['rest', 'rest'],
      ['gateways', 'finalize'],
    ]);
    const last = waves.at(-1)?.gateways ?? [];
    expect(last.map(({ deployment }) => deployment).toSorted()).toEqual(
      GATEWAYS.map(({ deployment }) => deployment).toSorted(),
    );
  });

  it('shows one installation, and neither a label nor a removal', () => {
    const { commands } = planned();
    expect(commands[0]).toBe('istioctl install --skip-confirmation --set profile=default');
    expect(planned('1-30-3').commands[0]).toContain('--set revision=1-30-3');
    expect(commands.join('\n')).not.toMatch(/label|remove|tag set/);
  });

  it('is refused by the guide, which installs beside the old one', () => {
    const { route, findings } = planned('default', {
      ...RELEASE,
      driver: 'asm-1.6',
      sources: [{ minor: '1.30', minPatch: 0 }],
    });
    expect(route).toBeNull();
    expect(findings.map(({ check, reason }) => [check, reason])).toContainEqual(['MESH059', 'InPlaceRefused']);
  });

  it('needs an approval, which can be given', () => {
    expect(isWaivable('MESH059')).toBe(true);
  });
});

describe('a proxy of a control plane that is replaced in place', () => {
  const { route } = planned();
  const from = route?.from.sidecar;
  const to = route?.to.sidecar;
  const pod = (tag: string, revision?: string): Pod => ({
    metadata: { name: 'web-1', ...(revision !== undefined && { annotations: { 'istio.io/rev': revision } }) },
    spec: { containers: [], initContainers: [{ name: 'istio-proxy', image: `proxyv2:${tag}` }] },
  });

  it.each([
    ['1.30.3', 'default', 'old'],
    ['1.29.0', 'default', 'old'],
    ['1.30.3', undefined, 'old'],
    ['1.31.0-distroless', 'default', 'new'],
    ['1.30.3', 'other', 'nobody'],
    ['1.31.0', 'other', 'nobody'],
  ])('of version %s with mark %s is on the side: %s', (tag, mark, side) => {
    if (from === undefined || to === undefined) throw new Error('the plan has no route');
    expect(runsSidecarOf(pod(tag, mark), from, to)).toBe(side === 'old');
    expect(runsSidecarOf(pod(tag, mark), to, from)).toBe(side === 'new');
  });
});
