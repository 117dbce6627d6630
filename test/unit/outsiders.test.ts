import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFields } from '../../activities/kube/types.js';
import { createDeploymentLookout, type Print } from '../../activities/outsiders/deployments.js';
import { createNamespaceLookout } from '../../activities/outsiders/namespaces.js';
import { createRestartLookout } from '../../activities/outsiders/restarts.js';
import { begunMoves, createSteeringLookout } from '../../activities/outsiders/steering.js';
import { writerOf } from '../../activities/outsiders/writer.js';
import type { Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';

const run = { cluster: 'shop', runId: 'r1', release: '1.6.14-asm.2' };
const route: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
  to: { version: '1.6.14-asm.2', revision: 'new', sidecar: { revision: 'new', proxyTag: '1.6.14-asm.2' } },
};
const before: Snapshot = {
  schema: 1,
  cluster: 'shop',
  runId: 'r1',
  takenAt: '2026-01-31T08:00:00Z',
  namespaces: { cart: { 'istio-injection': 'enabled' }, web: { 'istio-injection': 'enabled' } },
  objects: [],
};

const OLD = { 'istio-injection': 'enabled' };
const NEW = { 'istio.io/rev': 'new' };

function wrote(manager: string, label: string, time = '2026-01-31T08:00:00Z'): ManagedFields {
  return { manager, operation: 'Update', time, fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${label}`]: {} } } } };
}

function namespace(name: string, labels: Record<string, string>, ...managedFields: ManagedFields[]): KubeObject {
  return { metadata: { name, labels, managedFields } };
}

describe('the labels of namespaces', () => {
  const lookout = (moved: string[] = [], told: string[] = []) =>
    createNamespaceLookout({ run, route, before, waiting: ['cart', 'web'], moved: new Set(moved) }, new Set(told));

  it('may be as they were, or as the run itself has written them', () => {
    const look = lookout();
    expect(
      look([namespace('cart', OLD), namespace('web', OLD), namespace('other', { 'istio-injection': 'x' })]),
    ).toEqual([]);
    expect(look([namespace('cart', NEW, wrote('meshlift', 'istio.io/rev'))])).toEqual([]);
  });

  it('may not go back once the run has moved them, whether it saw that or was told', () => {
    const look = lookout();
    look([namespace('cart', NEW, wrote('meshlift', 'istio.io/rev'))]);
    const back = namespace('cart', OLD, wrote('kubectl-label', 'istio-injection', '2026-01-31T09:00:00Z'));
    const [change] = look([back]);
    expect(change?.message).toBe(
      'Namespace cart of cluster shop was relabelled by kubectl-label: it carries istio-injection=enabled, and the run left it with istio.io/rev=new.',
    );
    expect(change?.remedy).toContain('kubectl label namespace cart istio-injection- istio.io/rev=new --overwrite');
    expect(look([back])).toEqual([]);
    expect(lookout(['cart'])([back])).toHaveLength(1);
    expect(lookout(['cart'], [change?.key ?? ''])([back])).toEqual([]);
  });

  it('that were put right count anew', () => {
    const look = lookout(['cart']);
    expect(look([namespace('cart', OLD)])).toHaveLength(1);
    expect(look([namespace('cart', NEW)])).toEqual([]);
    expect(look([namespace('cart', OLD)])).toHaveLength(1);
  });

  it('of one that waits may not be moved by others', () => {
    expect(lookout()([namespace('web', NEW, wrote('kubectl-label', 'istio.io/rev'))])).toHaveLength(1);
  });
});

describe('the new istiod and the gateways', () => {
  const istiod = (spec: object = {}, uid = 'u1') => deployment('istiod-new', spec, uid);
  const gateway = (spec: object) => deployment('istio-ingressgateway', spec, 'g', { istio: 'ingressgateway' });
  const lookout = (prints = new Map<string, Print>()) => createDeploymentLookout({ run, route }, prints, new Set());

  it('may be scaled, but not to nothing', () => {
    const look = lookout();
    expect(look([istiod({ replicas: 1 })])).toEqual([]);
    expect(look([istiod({ replicas: 3 })])).toEqual([]);
    expect(look([istiod({ replicas: 0 })])[0]?.message).toContain('was edited by');
  });

  it('may not go; it is told once, also when it was gone from the start', () => {
    const look = lookout();
    expect(look([])[0]?.message).toContain('istiod-new of cluster shop was deleted');
    expect(look([])).toEqual([]);
    expect(look([istiod()])).toEqual([]);
    expect(look([])).toHaveLength(1);
  });

  it('may not be edited or made anew; the next attempt knows what was there', () => {
    const prints = new Map<string, Print>();
    lookout(prints)([istiod(), gateway({ replicas: 1 })]);
    const next = lookout(prints);
    const changes = next([istiod({}, 'u2'), gateway({ replicas: 1, paused: true })]);
    expect(changes.map(({ message }) => message)).toEqual([
      expect.stringContaining('istiod-new of cluster shop was made anew'),
      expect.stringContaining('istio-ingressgateway of cluster shop was edited'),
    ]);
    expect(next([istiod({}, 'u2'), gateway({ replicas: 1, paused: true })])).toEqual([]);
  });

  it('may not be edited while nobody looks, but for what was told and accepted; put right they count anew', () => {
    const prints = new Map<string, Print>();
    const told = new Set<string>();
    const watch = () => createDeploymentLookout({ run, route }, prints, told);
    const as = (paused: boolean) => [istiod(), gateway({ paused })];
    watch()(as(false));
    expect(watch()(as(true))).toHaveLength(1);
    expect(watch()(as(true))).toEqual([]);
    expect(watch()(as(false))).toEqual([]);
    expect(watch()(as(true))).toHaveLength(1);
  });

  it('may not go while nobody looks; as it was, it may come back', () => {
    const prints = new Map<string, Print>();
    const told = new Set<string>();
    const watch = () => createDeploymentLookout({ run, route }, prints, told);
    watch()([istiod()]);
    expect(watch()([])[0]?.message).toContain('was deleted by an unknown writer');
    expect(watch()([istiod({}, 'u2')])).toEqual([]);
    expect(watch()([])).toHaveLength(1);
    expect(watch()([istiod({ other: true }, 'u3')])[0]?.message).toContain('was made anew');
  });

  it('names the field, and leaves other Deployments alone', () => {
    const look = lookout();
    look([istiod(), gateway({ paused: false }), deployment('prometheus', {}, 'p')]);
    const changes = look([istiod(), gateway({ paused: true }), deployment('prometheus', { paused: true }, 'p')]);
    expect(changes.map(({ message }) => message)).toEqual([expect.stringMatching(/edited by .*: paused\.$/)]);
  });
});

describe('the marks of restarts', () => {
  const workload = (name: string, mark: string | undefined, ...managedFields: ManagedFields[]): KubeObject => ({
    kind: 'Deployment',
    metadata: { name, namespace: 'cart', uid: name, generation: 2, managedFields },
    spec: { template: { metadata: { annotations: mark === undefined ? {} : { 'meshlift.dev/restarted-by': mark } } } },
  });

  it('may not be taken back; those of one writer are told together', () => {
    const look = createRestartLookout(run);
    expect(look([workload('a', 'r1.forward'), workload('b', 'r1.forward'), workload('c', 'r0.forward')])).toEqual([]);
    const flux: ManagedFields = { manager: 'kustomize-controller', operation: 'Apply', time: '2026-01-31T09:00:00Z' };
    const [change, ...others] = look([
      workload('a', undefined, flux),
      workload('b', undefined, flux),
      workload('c', undefined),
    ]);
    expect(others).toEqual([]);
    expect(change?.message).toBe(
      'The restart of Deployment cart/a, Deployment cart/b in cluster shop was taken back by an unknown writer (the API server records none; the last other writer of the object was kustomize-controller).',
    );
    expect(change?.remedy).toContain('kustomize.toolkit.fluxcd.io/ssa: Ignore');
    expect(look([workload('a', undefined), workload('b', undefined)])).toEqual([]);
  });
});

describe('the writer', () => {
  const LABEL = [['f:metadata', 'f:labels', 'f:istio.io/rev']];

  it('is the newest owner of the field', () => {
    const object = namespace('cart', NEW, wrote('helm', 'istio.io/rev'), wrote('kubectl-edit', 'istio.io/rev', '2027'));
    expect(writerOf(object, LABEL).manager).toBe('kubectl-edit');
  });

  it('is not who only lost the field to somebody else', () => {
    const helm = wrote('helm', 'istio.io/rev');
    const both = { ...helm, fieldsV1: { 'f:metadata': { 'f:labels': { 'f:istio.io/rev': {}, 'f:team': {} } } } };
    const left = { ...helm, fieldsV1: { 'f:metadata': { 'f:labels': { 'f:team': {} } } } };
    const writer = writerOf(namespace('cart', {}, left), LABEL, namespace('cart', NEW, both));
    expect(writer).toMatchObject({ manager: null, other: 'helm' });
  });

  it('is nobody where a field was removed; then the last other writer is a hint', () => {
    const kept = wrote('argocd-controller', 'team');
    const after = namespace('cart', {}, kept);
    const writer = writerOf(after, LABEL, namespace('cart', NEW, wrote('meshlift', 'istio.io/rev'), kept));
    expect(writer).toMatchObject({ manager: null, other: 'argocd-controller' });
  });
});

function deployment(name: string, spec: object, uid: string, labels: Record<string, string> = {}): KubeObject {
  return {
    metadata: { name, namespace: 'istio-system', uid },
    spec: { ...spec, template: { metadata: { labels }, spec: { containers: [] } } },
  };
}

describe('tags, and Gateways of the Gateway API', () => {
  const snapshot: Snapshot = {
    ...before,
    objects: [
      {
        collection: 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
        namespace: null,
        name: 'istio-revision-tag-prod',
        object: { metadata: { labels: { 'istio.io/tag': 'prod', 'istio.io/rev': 'default' } } },
      },
    ],
    gateways: {
      'gw/public-istio': { kind: 'gatewayApi', declared: { name: 'public', revision: null }, front: {} },
    },
  };
  const tag = (revision: string, time?: string): KubeObject => ({
    metadata: {
      name: 'istio-revision-tag-prod',
      labels: { 'istio.io/tag': 'prod', 'istio.io/rev': revision },
      managedFields: [wrote('istioctl', 'istio.io/rev', time)],
    },
  });
  const gateway = (revision?: string): KubeObject => ({
    metadata: { name: 'public', namespace: 'gw', labels: revision === undefined ? {} : { 'istio.io/rev': revision } },
  });
  const BEGUN = new Set(['tag prod', 'Gateway gw/public']);
  const lookout = (reached = new Map<string, string>(), begun: ReadonlySet<string> = BEGUN) => {
    const { look } = createSteeringLookout({ run, route, before: snapshot }, { reached, begun }, new Set());
    return (tags: KubeObject[], gateways: KubeObject[], isOldThere = true) =>
      look({ webhooks: tags, gateways, isOldThere }).map(({ message }) => message);
  };

  it('may be as they were, and then as the run has written them, up to their owners words at the end', () => {
    const look = lookout();
    expect(look([tag('default')], [gateway()])).toEqual([]);
    expect(look([tag('default')], [gateway('default')])).toEqual([]);
    expect(look([tag('new')], [gateway('new')])).toEqual([]);
    expect(look([tag('new')], [gateway()], false)).toEqual([]);
  });

  it('may not lead elsewhere, go back or vanish; each is told once, and anew when it was put right', () => {
    const look = lookout();
    look([tag('new')], [gateway('default')]);
    expect(look([tag('default', '2026-01-31T09:00:00Z')], [gateway('default')])).toEqual([
      'Tag prod of cluster shop was changed by istioctl: it leads to default, and the run left it with new.',
    ]);
    expect(look([tag('default')], [gateway('default')])).toEqual([]);
    expect(look([tag('new')], [gateway('default')])).toEqual([]);
    expect(look([], [gateway()])).toEqual([
      'Tag prod of cluster shop was changed by an unknown writer (the API server records none): it leads nowhere any more, and the run left it with new.',
      'Gateway gw/public of cluster shop was changed by an unknown writer (the API server records none): it leads nowhere any more, and the run left it with default.',
    ]);
  });

  it('may not lead to the new revision before the run has begun to move them', () => {
    const [early] = lookout(new Map(), new Set(['Gateway gw/public']))([tag('new')], [gateway('new')]);
    expect(early).toBe(
      'Tag prod of cluster shop was changed by istioctl: it leads to new, and the run left it with default.',
    );
    const operations = [
      'tag/prod#1.0abc',
      'gateway/gw/public/new#1.0abc',
      'gateway/gw/other/default#1.0abc',
      'install#1.0abc',
    ];
    expect(
      begunMoves(
        operations.map((id) => ({ id })),
        'new',
      ),
    ).toEqual(['tag prod', 'Gateway gw/public']);
  });

  it('are compared with what an earlier watch saw', () => {
    const reached = new Map<string, string>();
    lookout(reached)([tag('new')], [gateway('new')]);
    expect(lookout(reached)([tag('default')], [gateway('new')])).toHaveLength(1);
  });
});
