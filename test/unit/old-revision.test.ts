import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupFile, keepBackup, readBackup } from '../../activities/rollback/backup-file.js';
import { addedBy15, isTakenOver, ownObjects } from '../../domain/old-revision.js';
import type { DetectedMesh, Plan, Route } from '../../domain/plan.js';
import { acceptCluster } from '../../domain/restoration.js';
import { creatableApi, keyOf, type RecordedObject } from '../../domain/snapshot.js';
import { upgradeOptionsSchema } from '../../domain/plan.js';

const sidecar = { revision: 'x', proxyTag: 'x' };
const routeFrom = (revision: string): Route => ({
  from: { version: '1.6.13', revision, sidecar },
  to: { version: '1.6.14-asm.2', revision: 'new', sidecar },
});

function recorded(
  collection: string,
  name: string,
  revision?: string,
  namespace: string | null = 'istio-system',
): RecordedObject {
  const labels = revision === undefined ? {} : { 'istio.io/rev': revision };
  return { collection, namespace, name, object: { metadata: { name, labels } } };
}

const OBJECTS = [
  recorded('v1/services', 'istiod', 'default'),
  recorded('v1/configmaps', 'istio', 'default'),
  recorded('v1/configmaps', 'istio-ca-root-cert'),
  recorded('apps/v1/deployments', 'istiod', 'default'),
  recorded('apps/v1/deployments', 'istiod-r1', 'r1'),
  recorded('apps/v1/deployments', 'istio-ingressgateway', 'default'),
  recorded('v1/services', 'istiod-r1', 'r1'),
  recorded('networking.istio.io/v1alpha3/envoyfilters', 'stats-filter-1.6', 'default'),
  recorded('networking.istio.io/v1alpha3/envoyfilters', 'mine'),
  recorded('install.istio.io/v1alpha1/istiooperators', 'installed-state'),
  recorded('install.istio.io/v1alpha1/istiooperators', 'installed-state-r1'),
  recorded('admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', 'istio-sidecar-injector', 'default', null),
  recorded('admissionregistration.k8s.io/v1/validatingwebhookconfigurations', 'istiod-istio-system', undefined, null),
  recorded('rbac.authorization.k8s.io/v1/clusterroles', 'istiod-istio-system', undefined, null),
];

describe('what belongs to the old control plane alone', () => {
  it('without a revision: never Service istiod, gateways, or what is shared; the webhook first, its memory last', () => {
    expect(ownObjects({ objects: OBJECTS }, routeFrom('default')).map(({ name }) => name)).toEqual([
      'istio-sidecar-injector',
      'istiod',
      'stats-filter-1.6',
      'istio',
      'installed-state',
    ]);
  });

  it('with a revision: its own Service goes, too', () => {
    expect(ownObjects({ objects: OBJECTS }, routeFrom('r1')).map(({ name }) => name)).toEqual([
      'istiod-r1',
      'istiod-r1',
      'installed-state-r1',
    ]);
  });

  it('is not what another revision has taken over, nor what 1.5 would have left unlabelled under another name', () => {
    const objects = [recorded('apps/v1/deployments', 'istiod', 'new'), recorded('apps/v1/deployments', 'istiod-x')];
    expect(ownObjects({ objects }, routeFrom('default'))).toEqual([]);
    expect(ownObjects({ objects: [recorded('apps/v1/deployments', 'istiod')] }, routeFrom('default'))).toHaveLength(1);
  });
});

describe('what 1.5 alone has written', () => {
  const from15 = { from: { version: '1.5.10-asm.1', revision: 'default', sidecar: { revision: null, proxyTag: 'x' } } };
  const marked = (collection: string, name: string, labels = {}, more = {}): RecordedObject => ({
    ...recorded(collection, name),
    object: { metadata: { name, labels: { 'operator.istio.io/component': 'Pilot', ...labels } }, ...more },
  });
  const OF_15 = [
    marked('v1/serviceaccounts', 'istio-pilot-service-account'),
    marked('v1/services', 'istio-pilot'),
    marked('networking.istio.io/v1alpha3/envoyfilters', 'tcp-stats-filter-1.5'),
    marked('admissionregistration.k8s.io/v1/validatingwebhookconfigurations', 'istio-galley', {}, { webhooks: [] }),
  ];
  const own = (objects: RecordedObject[], route: Pick<Route, 'from'> = from15) =>
    ownObjects({ objects }, route).map(({ name }) => name);

  it('goes with it: the account last, for what runs needs it; from 1.6 nothing of the kind does', () => {
    expect(own(OF_15)).toEqual(['istio-galley', 'istio-pilot', 'tcp-stats-filter-1.5', 'istio-pilot-service-account']);
    expect(own(OF_15, routeFrom('default'))).toEqual([]);
  });

  it('is not what carries no mark of its installer, is called by the API server, or is configuration', () => {
    expect(own([recorded('v1/services', 'istio-pilot')])).toEqual([]);
    const webhooks = [{ name: 'pilot.validation.istio.io' }];
    const galley = 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    expect(own([marked(galley, 'istio-galley', {}, { webhooks })])).toEqual([]);
    expect(own([marked('networking.istio.io/v1alpha3/gateways', 'istio-ingressgateway')])).toEqual([]);
  });

  it('and brings back when it is installed again goes, unless it was there before or is of somebody else', () => {
    const snapshot = (...objects: RecordedObject[]) => ({ ...EMPTY, objects });
    const there = marked('v1/services', 'there');
    const back = marked('autoscaling/v1/horizontalpodautoscalers', 'istiod');
    const others = [
      recorded('v1/configmaps', 'mine'),
      marked('v1/services', 'new', { 'istio.io/rev': 'new' }),
      marked('v1/services', 'owned', { 'install.operator.istio.io/owning-resource': 'installed-state-new' }),
      marked('apiextensions.k8s.io/v1/customresourcedefinitions', 'crd'),
    ];
    const late = marked('v1/services', 'late');
    const added = addedBy15(snapshot(there), new Set([keyOf(late)]), snapshot(there, late, back, ...others));
    expect(added.map(({ name }) => name)).toEqual(['istiod']);
  });

  it('is left alone once another installation has made it its own', () => {
    const owner = { 'install.operator.istio.io/owning-resource': 'installed-state-new' };
    const before = marked('v1/services', 'prometheus');
    expect(isTakenOver(before, marked('v1/services', 'prometheus', owner))).toBe(true);
    expect(isTakenOver(before, before)).toBe(false);
    expect(isTakenOver(marked('v1/services', 'x', owner), marked('v1/services', 'x', owner))).toBe(false);
  });
});

const EMPTY = { schema: 1, cluster: 'shop', runId: 'r1', takenAt: '', namespaces: {} } as const;

describe('the backup', () => {
  let dataDir: string;
  beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), 'meshlift-backup-'))));
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const run = { cluster: 'shop', runId: 'r1', release: 'x' };
  const place = recorded('v1/configmaps', 'istio');
  const object = (mine: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system', uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
    data: { mine },
    status: { gone: true },
  });

  it('is a manifest that a create takes, for its owner only; the run that takes it back reads it', async () => {
    keepBackup(dataDir, run, place, object('1'));
    keepBackup(dataDir, run, place, object('2'));
    const file = backupFile(dataDir, run, place);
    expect(await readdir(join(file, '..'))).toEqual(['configmaps.istio-system.istio.json']);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect(await readBackup(dataDir, { ...run, runId: 'r2', restores: 'r1' }, place)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system', labels: { a: 'b' } },
      data: { mine: '2' },
    });
    expect(await readBackup(dataDir, run, recorded('v1/configmaps', 'other'))).toBeNull();
  });
});

describe('the version through which an object can be made again', () => {
  it.each([
    ['NoneOnDryRun', 'admissionregistration.k8s.io/v1'],
    ['Unknown', 'admissionregistration.k8s.io/v1beta1'],
  ])('of a webhook whose side effects are %s is %s', (sideEffects, api) => {
    expect(creatableApi('admissionregistration.k8s.io/v1', { webhooks: [{ sideEffects }] })).toBe(api);
  });

  it('of everything else is its own', () => {
    expect(creatableApi('apps/v1', { spec: {} })).toBe('apps/v1');
  });
});

describe('a cluster whose upgrade is to be taken back', () => {
  const plan = {
    route: routeFrom('default'),
    waves: [{ name: 'w', namespaces: ['cart'], gate: 'finalize' }],
    options: upgradeOptionsSchema.parse({}),
  } as unknown as Plan;
  const plane = (revision: string, version: string) => ({ revision, version, deployment: 'd', ready: true });
  const mesh = (controlPlanes: DetectedMesh['controlPlanes'], ...users: string[]): DetectedMesh => ({
    cluster: 'shop',
    kubernetes: '1.21',
    controlPlanes,
    namespaces: users.map((namespace) => ({
      namespace,
      injection: null,
      revision: 'new',
      podsByProxy: {},
      workloads: 0,
    })),
    gateways: [],
  });
  const ours = plane('new', '1.6.14-asm.2');

  it.each([
    ['as it was left', mesh([ours], 'cart'), null],
    ['half restored by an attempt before', mesh([ours, plane('default', '1.6.13')], 'cart'), null],
    ['without the new control plane', mesh([]), /no control plane of revision new/],
    ['with another version of it', mesh([plane('new', '1.6.15')]), /revision new runs 1.6.15/],
    ['with a newer control plane', mesh([ours, plane('r3', '1.7.0')]), /control plane r3 of version 1.7.0/],
    ['with other users of it', mesh([ours], 'cart', 'late'), /did not move ask for its sidecar: late/],
  ])('%s', (_, now, words) => {
    const refusal = acceptCluster({ cluster: 'shop', plan }, now);
    if (words === null) expect(refusal).toBeNull();
    else expect(refusal).toMatchObject({ reason: 'ClusterChanged', message: expect.stringMatching(words) as string });
  });
});
