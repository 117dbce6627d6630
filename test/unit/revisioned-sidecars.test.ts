import { describe, expect, it } from 'vitest';
import { gatewayKindOf, wantsSidecar } from '../../domain/injection.js';
import { hasSidecar, revisionMarkOf, runsSidecarOf, type Pod } from '../../domain/pod.js';
import { isOwnRevisioned } from '../../domain/revisioned-objects.js';
import type { RecordedObject } from '../../domain/snapshot.js';

const driver = 'istio-revisioned';
const OLD = { driver, revision: '1-30-3', proxyTag: '1.30.3' } as const;
const NEW = { driver, revision: '1-31-0', proxyTag: '1.31.0' } as const;

function pod(metadata: Partial<Pod['metadata']>, tag = '1.31.0'): Pod {
  const proxy = { name: 'istio-proxy', image: `docker.io/istio/proxyv2:${tag}` };
  const app = { name: 'app', image: 'app:1' };
  // Current Istio injects an init container that stays.
  return { metadata: { name: 'web-1', ...metadata }, spec: { containers: [app], initContainers: [proxy] } };
}

describe('the sidecar of a pod of current Istio', () => {
  it.each([
    ['its annotation', { annotations: { 'istio.io/rev': '1-31-0' } }],
    ['the record of the injection', { annotations: { 'sidecar.istio.io/status': '{"revision":"1-31-0"}' } }],
  ])('is known by %s', (_, metadata) => {
    expect(revisionMarkOf(pod(metadata), driver)).toBe('1-31-0');
    expect(hasSidecar(pod(metadata), NEW)).toBe(true);
    expect(runsSidecarOf(pod(metadata), NEW, OLD)).toBe(true);
    expect(runsSidecarOf(pod(metadata), OLD, NEW)).toBe(false);
  });

  it('is not known by the label, which is a wish and may be a tag', () => {
    const asked = pod(
      { labels: { 'istio.io/rev': 'prod-stable' }, annotations: { 'istio.io/rev': '1-30-3' } },
      '1.30.3',
    );
    expect(revisionMarkOf(asked, driver)).toBe('1-30-3');
    expect(hasSidecar(asked, OLD)).toBe(true);
  });

  it('is known by its image alone where nothing else tells, however that was packed', () => {
    expect(hasSidecar(pod({}, '1.31.0-distroless'), NEW)).toBe(true);
    expect(hasSidecar(pod({}, '1.30.3'), NEW)).toBe(false);
  });

  it('tells two revisions of one version apart', () => {
    const twin = { ...NEW, revision: 'blue' };
    const green = pod({ annotations: { 'istio.io/rev': '1-31-0' } });
    expect(hasSidecar(green, twin)).toBe(false);
    expect(runsSidecarOf(green, twin, NEW)).toBe(false);
  });
});

describe('what asks for no sidecar of current Istio', () => {
  it.each([
    ['a label, which comes before the annotation', { labels: { 'sidecar.istio.io/inject': 'false' } }],
    ['an annotation', { annotations: { 'sidecar.istio.io/inject': 'no' } }],
    ['being a gateway', { annotations: { 'inject.istio.io/templates': 'gateway' } }],
  ])('%s', (_, metadata) => {
    expect(wantsSidecar(pod(metadata), driver)).toBe(false);
  });

  it('a label that says yes is stronger than an annotation that says no', () => {
    const metadata = {
      labels: { 'sidecar.istio.io/inject': 'true' },
      annotations: { 'sidecar.istio.io/inject': 'no' },
    };
    expect(wantsSidecar(pod(metadata), driver)).toBe(true);
  });

  it.each([
    [{ labels: { 'gateway.networking.k8s.io/gateway-name': 'public' } }, 'gatewayApi'],
    [{ annotations: { 'inject.istio.io/templates': 'gateway' } }, 'injected'],
    [{ labels: { istio: 'ingressgateway' } }, 'installed'],
    [{ labels: { app: 'web' } }, null],
  ])('%o is a gateway of kind %s', (metadata, kind) => {
    expect(gatewayKindOf(pod(metadata))).toBe(kind);
  });
});

describe('what belongs to one revision of current Istio', () => {
  const object = (collection: string, name: string, labels: Record<string, string> = {}): RecordedObject => ({
    collection,
    namespace: collection.startsWith('rbac') ? null : 'istio-system',
    name,
    object: { metadata: { name, labels } },
  });
  const rev = { 'istio.io/rev': '1-30-3', 'operator.istio.io/component': 'Pilot' };

  it.each([
    object('apps/v1/deployments', 'istiod-1-30-3', rev),
    object('v1/configmaps', 'values-1-30-3', rev),
    // Helm leaves it without a label.
    object('rbac.authorization.k8s.io/v1/clusterroles', 'istiod-clusterrole-1-30-3-istio-system'),
  ])('$name', (entry) => {
    expect(isOwnRevisioned(entry, '1-30-3')).toBe(true);
  });

  it.each([
    ['a tag', object('v1/services', 'istiod-revision-tag-default', { ...rev, 'istio.io/tag': 'default' })],
    [
      'a gateway',
      object('apps/v1/deployments', 'istio-ingressgateway', {
        ...rev,
        'operator.istio.io/component': 'IngressGateways',
      }),
    ],
    [
      'what all share',
      object('v1/serviceaccounts', 'istio-reader-service-account', { ...rev, 'operator.istio.io/component': 'Base' }),
    ],
    ['another revision', object('apps/v1/deployments', 'istiod-1-31-0', { ...rev, 'istio.io/rev': '1-31-0' })],
    ['somebody else’s', object('v1/configmaps', 'notes')],
  ])('not %s', (_, entry) => {
    expect(isOwnRevisioned(entry, '1-30-3')).toBe(false);
  });
});
