/** Stores against a stand-in for an API server (kube-support.ts); the real one is met in the end-to-end tests. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PODS } from '../../activities/kube/resources.js';
import { createStorePool } from '../../activities/kube/shared-stores.js';
import { openStore, type Store } from '../../activities/kube/store.js';
import { cut, json, lines, startFakeApiServer, status, type Answer, type FakeApiServer } from './kube-support.js';

let server: FakeApiServer;
/** The watch connections that are open, oldest first. */
let watches: ServerResponse[];
beforeEach(async () => {
  server = await startFakeApiServer();
  watches = [];
});
afterEach(() => server.close());

const pod = (name: string, resourceVersion: string) => ({ metadata: { name, namespace: 'shop', resourceVersion } });
const listOf = (resourceVersion: string, ...names: string[]) =>
  json({
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion },
    items: names.map((name) => pod(name, '1')),
  });
/** A watch that stays open, for the test to write into. */
const openWatch: Answer = (response, request) => {
  watches.push(response);
  lines([], 'stay')(response, request);
};
const tell = (type: string, name: string, version: string) =>
  watches.at(-1)?.write(`${JSON.stringify({ type, object: pod(name, version) })}\n`);
const namesOf = (store: Store) => store.items().map(({ metadata }) => metadata.name);
const watchedFrom = () =>
  server.requests
    .filter(({ url }) => url.searchParams.has('watch'))
    .map(({ url }) => url.searchParams.get('resourceVersion'));
const open = () => openStore(server.client(), PODS, {}, { clock: server.clock, random: () => 0.5 });

/** Waits until the store shows what it should. */
async function until(store: Store, condition: () => boolean): Promise<void> {
  while (store.items().length >= 0 && !condition()) await store.changed(AbortSignal.timeout(10_000));
}
const seen = (condition: () => boolean) => expect.poll(condition, { interval: 5 }).toBe(true);

describe('a store', () => {
  it('holds the list, then follows every event', async () => {
    server.answer(listOf('5', 'a', 'b'), openWatch);
    const store = open();
    await store.ready;
    expect(namesOf(store)).toEqual(['a', 'b']);
    await seen(() => watches.length === 1);
    tell('ADDED', 'c', '6');
    tell('DELETED', 'a', '7');
    tell('MODIFIED', 'b', '8');
    await until(store, () => store.items().some(({ metadata }) => metadata.resourceVersion === '8'));
    expect(namesOf(store).toSorted()).toEqual(['b', 'c']);
    store.close();
  });

  it('misses no change between looking and waiting', async () => {
    server.answer(listOf('5', 'a'), openWatch);
    const store = open();
    await store.changed();
    await store.ready;
    expect(namesOf(store)).toEqual(['a']);
    await seen(() => watches.length === 1);
    tell('ADDED', 'b', '6');
    // Another holder sees it first.
    await until(store, () => namesOf(store).length === 2);
    const waiting = store.changed();
    tell('ADDED', 'c', '7');
    await waiting;
    expect(namesOf(store)).toEqual(['a', 'b', 'c']);
    store.close();
  });

  it('goes on from the last bookmark when the server ends the watch', async () => {
    server.answer(
      listOf('5', 'a'),
      lines([{ type: 'BOOKMARK', object: { metadata: { resourceVersion: '42' } } }]),
      openWatch,
    );
    const store = open();
    await seen(() => watches.length === 1);
    expect(watchedFrom()).toEqual(['5', '42']);
    store.close();
  });

  it('lists anew when the history is gone, and forgets what is no more', async () => {
    server.answer(listOf('5', 'a', 'b'), status(410, 'Expired'), listOf('90', 'b', 'c'), openWatch);
    const store = open();
    await store.ready;
    await until(store, () => namesOf(store).includes('c'));
    expect(namesOf(store)).toEqual(['b', 'c']);
    await seen(() => watches.length === 1);
    expect(watchedFrom()).toEqual(['5', '90']);
    store.close();
  });

  it('never stops silently: it says what is wrong, waits, and comes back', async () => {
    const broken = status(400, 'BadRequest', 'the proxy is out of order');
    server.answer(listOf('5', 'a'), cut, broken, broken, broken, listOf('9', 'z'), openWatch);
    const store = open();
    await store.ready;
    await until(store, () => namesOf(store).includes('z'));
    expect(server.waits.length).toBeGreaterThan(3);
    await seen(() => watches.length === 1);
    expect(store.problem()).toBeNull();
    store.close();
  });

  it('does not hurry when every watch ends at once', async () => {
    server.answer(listOf('5', 'a'), lines([]), lines([]), lines([]), openWatch);
    const store = open();
    await seen(() => watches.length === 1);
    expect(server.waits).toEqual([200, 400, 800]);
    store.close();
  });

  it('is refused when it may not read, also when the right is taken away later', async () => {
    server.answer(status(403, 'Forbidden', 'cannot list'));
    const refused = open();
    await expect(refused.ready).rejects.toMatchObject({ type: 'PermissionDenied' });
    expect(() => refused.items()).toThrow(/cannot list/);

    server.answer(listOf('5', 'a'), status(403, 'Forbidden', 'cannot watch'));
    const later = open();
    await later.ready;
    await expect(until(later, () => false)).rejects.toThrow(/cannot watch/);
  });

  it('fails its holder when the first list fails', async () => {
    await server.goAway();
    await expect(open().ready).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });

  it('ends a wait with the reason of its signal, and with the close of the store', async () => {
    server.answer(listOf('5', 'a'), openWatch);
    const store = open();
    await store.ready;
    store.items();
    const cancel = new AbortController();
    const waiting = store.changed(cancel.signal);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    store.close();
    await seen(() => watches.every((watch) => watch.destroyed || watch.closed));
  });
});

describe('a pool of stores', () => {
  it('shares one watch between those who ask for the same', async () => {
    server.answer(listOf('5', 'a'), openWatch);
    const pool = createStorePool(server.client(), { clock: server.clock });
    const stores = [pool.acquire(PODS), pool.acquire(PODS, {}), pool.acquire(PODS)];
    await Promise.all(stores.map(({ ready }) => ready));
    await seen(() => watches.length === 1);
    expect(server.requests).toHaveLength(2);
    stores.forEach((store) => pool.release(store));
    pool.close();
  });

  it('closes a watch that nobody has taken again for a while, and not before', async () => {
    server.answer(listOf('5', 'a'), openWatch);
    const pool = createStorePool(server.client(), { clock: server.clock, lingerMs: 20 });
    const first = pool.acquire(PODS);
    await first.ready;
    await seen(() => watches.length === 1);
    pool.release(first);
    pool.release(first);
    const second = pool.acquire(PODS);
    expect(namesOf(second)).toEqual(['a']);
    pool.release(second);
    await seen(() => watches[0]?.closed === true);
    expect(server.requests).toHaveLength(2);
  });

  it('opens a new one in the place of one that was refused', async () => {
    server.answer(status(403, 'Forbidden'), listOf('5', 'a'), openWatch);
    const pool = createStorePool(server.client(), { clock: server.clock });
    await expect(pool.acquire(PODS).ready).rejects.toMatchObject({ type: 'PermissionDenied' });
    const second = pool.acquire(PODS);
    await second.ready;
    expect(namesOf(second)).toEqual(['a']);
    pool.close();
  });
});
