/** The client against a stand-in for an API server (kube-support.ts); the real one is met in the end-to-end tests. */
import { ApplicationFailure } from '@temporalio/common';
import { utimes } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reasonOf, statusOf } from '../../activities/kube/failures.js';
import { apiPath, CRDS, DEPLOYMENTS, inNamespace, named, NAMESPACES, PODS } from '../../activities/kube/resources.js';
import { createTokenBucket } from '../../activities/kube/token-bucket.js';
import { ExpiredWatch, type WatchEvent } from '../../activities/kube/types.js';
import { cut, json, lines, startFakeApiServer, status, type FakeApiServer } from './kube-support.js';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
});
afterEach(() => server.close());

const cart = inNamespace(DEPLOYMENTS, 'shop', 'cart');
const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart' }, spec: { fromTheFuture: [1] } };

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

describe('paths', () => {
  it.each([
    [named(NAMESPACES, 'shop'), '/api/v1/namespaces/shop'],
    [inNamespace(PODS, 'shop'), '/api/v1/namespaces/shop/pods'],
    [cart, '/apis/apps/v1/namespaces/shop/deployments/cart'],
    [named(CRDS, 'gateways.networking.istio.io'), `${apiPath(CRDS)}/gateways.networking.istio.io`],
    [
      named({ api: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' }, 'system:node'),
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
    ],
  ])('of %j', (resource, path) => {
    expect(apiPath(resource)).toBe(path);
  });

  it.each([
    inNamespace(PODS, '..'),
    inNamespace(PODS, 'a/b'),
    inNamespace(PODS, 'shop', '..'),
    inNamespace(PODS, 'shop', ''),
    inNamespace(PODS, 'shop', 'a%2fb'),
    { api: '../v1', plural: 'pods' },
    { api: 'apps/v1/../v2', plural: 'pods' },
    { api: 'v1', plural: 'pods?x' },
  ])('cannot be left: %j', (resource) => {
    expect(() => apiPath(resource)).toThrow(RangeError);
  });
});

describe('reading', () => {
  it('gives what the server sent, with fields that Meshlift does not know', async () => {
    server.answer(json(object));
    expect(await server.client().get(cart)).toEqual(object);
    const [request] = server.requests;
    expect(request?.url.pathname).toBe(`/behind${apiPath(cart)}`);
    expect(request?.headers.authorization).toBe('Bearer first-token');
  });

  it('gives null, or an empty list, for what is not there', async () => {
    server.answer(status(404, 'NotFound'));
    expect(await server.client().get(cart)).toBeNull();
    expect(await server.client().list(CRDS)).toEqual({ items: [], resourceVersion: '' });
  });

  it('reads a list in pages and tells each object what it is', async () => {
    const page = (name: string, next?: string) =>
      json({
        apiVersion: 'v1',
        kind: 'PodList',
        metadata: { resourceVersion: '7', ...(next === undefined ? {} : { continue: next }) },
        items: [{ metadata: { name } }],
      });
    server.answer(page('a', 'token/1'), page('b'));
    const { items, resourceVersion } = await server.client().list(PODS, { labelSelector: 'app=istiod,x in (a,b)' });
    expect(items).toEqual(['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } })));
    expect(resourceVersion).toBe('7');
    expect(server.requests.map(({ url }) => url.searchParams.get('continue'))).toEqual([null, 'token/1']);
    expect(server.requests.map(({ url }) => url.searchParams.get('labelSelector'))).toEqual([
      'app=istiod,x in (a,b)',
      'app=istiod,x in (a,b)',
    ]);
  });

  it('keeps of the pods of a list what somebody may ask for, and of everything else all of it', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', why: 'asked' };
    const metadata = { name: 'a', managedFields: [{ manager: 'kubelet' }], annotations };
    const app = {
      name: 'app',
      image: 'app:1',
      resources: { requests: { cpu: '1' } },
      env: [{ name: 'A', value: '1' }],
    };
    const spec = { nodeName: 'node-0', restartPolicy: 'Never', volumes: [{ name: 'v' }], containers: [app] };
    const object = { metadata, spec, status: { phase: 'Running', podIP: '10.0.0.1' } };
    server.answer(
      json({ apiVersion: 'v1', kind: 'PodList', items: [object] }),
      json({ apiVersion: 'apps/v1', kind: 'DeploymentList', items: [object] }),
    );
    const { env, ...lean } = app;
    expect(env).toHaveLength(1);
    const [pod] = (await server.client().list(PODS)).items;
    expect(pod).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', annotations: { why: 'asked' } },
      spec: { nodeName: 'node-0', restartPolicy: 'Never', containers: [lean] },
      status: { phase: 'Running', podIP: '10.0.0.1' },
    });
    const [deployment] = (await server.client().list({ api: 'apps/v1', plural: 'deployments' })).items;
    expect(deployment).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', ...object });
  });

  it('reads a list in one piece when its pages expire on the way', async () => {
    const all = {
      metadata: { resourceVersion: '9' },
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    };
    server.answer(
      json({ metadata: { continue: 'x' }, items: [{ metadata: { name: 'a' } }] }),
      status(410, 'Expired'),
      json(all),
    );
    expect((await server.client().list(PODS)).items).toHaveLength(2);
    expect(server.requests[2]?.url.searchParams.has('limit')).toBe(false);
  });

  it('reads raw text, and no path leads to another host', async () => {
    server.answer((response) => response.end('ok'));
    expect(await server.client().raw('//elsewhere.example/version')).toBe('ok');
    expect(server.requests).toHaveLength(1);
    await expect(server.client().raw('http://elsewhere.example/')).rejects.toThrow(RangeError);
  });
});

describe('what heals by itself', () => {
  it.each([429, 500, 502, 503, 504])('a read is tried again after %i', async (code) => {
    server.answer(status(code, 'Busy'), status(code, 'Busy'), json(object));
    expect(await server.client().get(cart)).toEqual(object);
    expect(server.waits).toEqual([100, 200]);
  });

  it('waits at least as long as Retry-After says', async () => {
    server.answer(status(429, 'TooManyRequests', 'slow down', { 'retry-after': '3' }), json(object));
    await server.client().get(cart);
    expect(server.waits).toEqual([3100]);
  });

  it('gives up after its budget, with a failure that Temporal tries again', async () => {
    server.answer(status(503, 'ServiceUnavailable', 'etcd is gone'));
    const failure = await failureOf(server.client().get(cart));
    expect(failure).toMatchObject({ type: 'ClusterUnreachable', nonRetryable: false });
    expect(failure.message).toMatch(
      /^Cluster "prod": reading deployments "cart" in namespace "shop" failed: the API server answered 503: etcd is gone \(\d+ tries\)\.$/,
    );
    expect(server.clock.now()).toBeLessThanOrEqual(30_000);
    expect(server.clock.now()).toBeGreaterThan(20_000);
  });

  it('says so when there is no connection', async () => {
    await server.goAway();
    const failure = await failureOf(server.client().mergePatch(cart, {}));
    expect(failure).toMatchObject({ type: 'ClusterUnreachable', nonRetryable: false });
    expect(failure.message).toMatch(/patching deployments "cart".*there is no connection.*ECONNREFUSED/);
    expect(statusOf(failure)).toBeNull();
  });

  it('a read and a merge patch are sent again when the connection was cut', async () => {
    server.answer(cut, json(object), cut, json(object));
    await server.client().get(cart);
    await server.client().mergePatch(cart, { metadata: { labels: { a: null } } });
    expect(server.requests).toHaveLength(4);
    expect(server.requests[3]).toMatchObject({
      method: 'PATCH',
      body: { metadata: { labels: { a: null } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
  });

  it.each(['create', 'replace'] as const)('%s is not sent again when it may have been done', async (verb) => {
    for (const answer of [cut, status(500, 'InternalError'), status(504, 'Timeout')]) {
      server.requests.length = 0;
      server.answer(answer);
      await failureOf(server.client()[verb](cart, object));
      expect(server.requests).toHaveLength(1);
    }
  });

  it('create is sent again when the server says that it has not begun', async () => {
    server.answer(status(503, 'ServiceUnavailable'), status(429, 'TooManyRequests'), json(object, 201));
    expect(await server.client().create(cart, object, { dryRun: true })).toEqual(object);
    const { url, method } = server.requests[2]!;
    expect(method).toBe('POST');
    expect(url.pathname).toBe('/behind/apis/apps/v1/namespaces/shop/deployments');
    expect(url.searchParams.get('dryRun')).toBe('All');
  });
});

describe('what needs a person', () => {
  it.each([401, 403])('%i means that a right is missing', async (code) => {
    server.answer(status(code, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods"'));
    const failure = await failureOf(server.client().list(PODS));
    expect(failure).toMatchObject({ type: 'PermissionDenied', nonRetryable: true });
    expect(failure.message).toContain('User "x" cannot list resource "pods"');
  });

  it.each([
    [409, 'AlreadyExists'],
    [422, 'Invalid'],
    [400, 'BadRequest'],
  ])('%i %s carries the words of the server', async (code, reason) => {
    server.answer(status(code, reason, 'admission webhook "validation.istio.io" denied the request'));
    const failure = await failureOf(server.client().create(inNamespace(DEPLOYMENTS, 'shop'), object));
    expect(failure).toMatchObject({ type: 'KubernetesRequestFailed', nonRetryable: true });
    expect(failure.message).toContain('creating deployments "cart" in namespace "shop"');
    expect(failure.message).toContain('admission webhook "validation.istio.io" denied the request');
    expect([statusOf(failure), reasonOf(failure)]).toEqual([code, reason]);
    expect(server.waits).toEqual([]);
  });

  it('a webhook that cannot be called is a matter of the request, not of the server', async () => {
    server.answer(status(500, 'InternalError', 'failed calling webhook "validation.istio.io"'));
    const failure = await failureOf(server.client().create(cart, object));
    expect(failure).toMatchObject({ type: 'KubernetesRequestFailed', nonRetryable: true });
    expect(statusOf(failure)).toBe(500);
  });
});

describe('a server that is not well', () => {
  it.each([500, 502, 504])('is waited for, also by what is not sent twice: %i', async (code) => {
    server.answer(status(code, 'InternalError', 'etcdserver: request timed out'));
    const failure = await failureOf(server.client().create(cart, object));
    expect(failure).toMatchObject({ type: 'ClusterUnreachable', nonRetryable: false });
    expect(server.requests).toHaveLength(1);
  });
});

describe('deleting', () => {
  it('deletes only the very object', async () => {
    server.answer(json({ kind: 'Status', status: 'Success' }), status(409, 'Conflict'), status(404, 'NotFound'));
    const client = server.client();
    const meant = { uid: 'u-1', propagation: 'Foreground' } as const;
    expect(await client.delete(cart, meant)).toBe(true);
    expect(server.requests[0]?.body).toMatchObject({
      preconditions: { uid: 'u-1' },
      propagationPolicy: 'Foreground',
    });
    expect(await client.delete(cart, meant)).toBe(false);
    expect(await client.delete(cart)).toBe(false);
  });
});

describe('evicting', () => {
  const pod = inNamespace(PODS, 'shop', 'cart-1');
  const discovery = (version: string) => json({ resources: [{ name: 'pods/eviction', group: 'policy', version }] });

  it.each(['v1', 'v1beta1'])(
    'speaks %s where the server does, asks that once, and means the very pod',
    async (version) => {
      server.answer(discovery(version), json({ metadata: { name: 'cart-1' } }, 201));
      const client = server.client();
      expect(await client.evict(pod, 'u1')).toBe(true);
      expect(await client.evict(pod, 'u1')).toBe(true);
      const path = `/behind${apiPath(pod)}/eviction`;
      expect(server.requests.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
        'GET /behind/api/v1',
        `POST ${path}`,
        `POST ${path}`,
      ]);
      expect(server.requests[1]?.body).toEqual({
        apiVersion: `policy/${version}`,
        kind: 'Eviction',
        metadata: { name: 'cart-1', namespace: 'shop' },
        deleteOptions: { preconditions: { uid: 'u1' } },
      });
    },
  );

  it.each([404, 409])('says that the pod is gone when the server answers %i', async (code) => {
    server.answer(discovery('v1'), status(code, 'Gone'));
    expect(await server.client().evict(pod, 'u1')).toBe(false);
  });

  it('hands a refusal by a budget on soon, with the name of the budget', async () => {
    const causes = [{ reason: 'DisruptionBudget', message: 'The disruption budget cart needs 2 healthy pods.' }];
    const body = { message: 'Cannot evict pod.', reason: 'TooManyRequests', details: { causes } };
    server.answer(discovery('v1'), json(body, 429));
    const refusal = await failureOf(server.client().evict(pod, 'u1'));
    expect(statusOf(refusal)).toBe(429);
    expect(refusal.message).toContain('Cannot evict pod (The disruption budget cart needs 2 healthy pods)');
    expect(server.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(2_000);
  });
});

describe('the kubeconfig', () => {
  it('is read again when the file changes', async () => {
    server.answer(json(object));
    const client = server.client();
    await client.get(cart);
    await server.writeKubeconfig('second-token');
    await utimes(server.kubeconfig, new Date(), new Date(Date.now() + 5_000));
    await client.get(cart);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first-token',
      'Bearer second-token',
    ]);
  });

  it.each([
    [{ kubeconfig: '/nowhere/kubeconfig' }, /the kubeconfig \/nowhere\/kubeconfig cannot be used: ENOENT/],
    [{ context: 'unknown' }, /its context "unknown" names no cluster/],
  ])('that cannot be used is named: %j', async (wrong, sentence) => {
    Object.assign(server.cluster, wrong);
    const failure = await failureOf(server.client().get(cart));
    expect(failure.type).toBe('ClusterUnreachable');
    expect(failure.message).toMatch(sentence);
    expect(failure.message).toMatch(/^Cluster "prod": /);
  });
});

describe('the rate limit', () => {
  it('lets a burst through, then one after the other', async () => {
    const take = createTokenBucket({ qps: 10, burst: 3 }, server.clock);
    await Promise.all([take(), take(), take()]);
    expect(server.waits).toEqual([]);
    await take();
    await take();
    expect(server.waits).toEqual([100, 100]);
  });
});

describe('one watch', () => {
  const signal = new AbortController().signal;
  const event = (type: string, name: string, resourceVersion: string) => ({
    type,
    object: { metadata: { name, resourceVersion } },
  });
  const collect = async (watch: AsyncIterable<WatchEvent>) => {
    const seen: string[] = [];
    for await (const { type, object } of watch) seen.push(`${type} ${object.metadata.resourceVersion ?? ''}`);
    return seen;
  };

  it('gives events and bookmarks until the server ends it', async () => {
    server.answer(lines([event('ADDED', 'a', '2'), event('BOOKMARK', '', '5'), event('DELETED', 'a', '6')]));
    const selection = { fieldSelector: 'spec.nodeName=n1' };
    expect(await collect(server.client().watch(PODS, '1', selection, signal))).toEqual([
      'ADDED 2',
      'BOOKMARK 5',
      'DELETED 6',
    ]);
    expect(Object.fromEntries(server.requests[0]!.url.searchParams)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '300',
      resourceVersion: '1',
      fieldSelector: 'spec.nodeName=n1',
    });
  });

  it('drops half an event when the connection breaks', async () => {
    server.answer(lines([event('ADDED', 'a', '2')], 'cut'));
    expect(await collect(server.client().watch(PODS, '1', {}, signal))).toEqual(['ADDED 2']);
  });

  it('ends quietly when it is aborted', async () => {
    const stop = new AbortController();
    server.answer(lines([event('ADDED', 'a', '2')], 'stay'));
    for await (const { type } of server.client().watch(PODS, '1', {}, stop.signal)) {
      expect(type).toBe('ADDED');
      stop.abort();
    }
  });

  it('says when the history is gone, in the answer or in the stream', async () => {
    server.answer(status(410, 'Expired'));
    await expect(collect(server.client().watch(PODS, '1', {}, signal))).rejects.toThrow(ExpiredWatch);
    server.answer(lines([{ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } }]));
    await expect(collect(server.client().watch(PODS, '1', {}, signal))).rejects.toThrow(ExpiredWatch);
  });

  it('fails when the server refuses it', async () => {
    server.answer(status(403, 'Forbidden', 'cannot watch'));
    const failure = await failureOf(collect(server.client().watch(PODS, '1', {}, signal)));
    expect(failure).toMatchObject({ type: 'PermissionDenied' });
    expect(failure.message).toContain('watching pods');
  });
});
