import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordOperation } from '../../activities/audit/operation.js';
import { createFence, type Fence } from '../../activities/fence/fence.js';
import { guardWrites } from '../../activities/fence/guard-writes.js';
import { readServerId } from '../../activities/fence/server-id.js';
import { failure } from '../../activities/failure.js';
import type { KubeClient, KubeObject } from '../../activities/kube/types.js';

const ours = { cluster: 'prod', runId: 'run-a', release: '1.6.14-asm.2' };
const theirs = { cluster: 'shop', runId: 'run-b', release: '1.6.14-asm.2' };

/** One object of an API server, with its rule about versions. The real one is met in test/e2e/fence.test.ts. */
function createStorage() {
  let stored: KubeObject | null = null;
  let version = 0;
  const conflict = () => failure('KubernetesRequestFailed', 'conflict', { status: 409, reason: 'Conflict' });
  const store = (body: object) => {
    version += 1;
    const object = body as KubeObject;
    stored = { ...object, metadata: { uid: `u${version}`, ...object.metadata, resourceVersion: String(version) } };
    return stored;
  };
  const kube = {
    get: () => Promise.resolve(stored),
    create: (_: unknown, body: object) => (stored === null ? Promise.resolve(store(body)) : Promise.reject(conflict())),
    replace: (_: unknown, body: KubeObject) =>
      stored?.metadata.resourceVersion === body.metadata.resourceVersion
        ? Promise.resolve(store(body))
        : Promise.reject(conflict()),
    delete: (_: unknown, { uid }: { uid?: string }) => {
      const meant = stored?.metadata.uid === uid;
      if (meant) stored = null;
      return Promise.resolve(meant);
    },
  };
  return {
    kube: kube as unknown as KubeClient,
    stored: () => stored,
    edit: (spec: object) => void (stored = { ...stored!, spec }),
    remove: () => void (stored = null),
  };
}

const fenceOn = (kube: KubeClient, server: string): Fence => createFence({ kube: () => kube, serverId: () => server });

describe('the fence', () => {
  it('is taken once, and lets only the run pass that holds it', async () => {
    const { kube, stored } = createStorage();
    const [mine, other] = [fenceOn(kube, 'laptop-1'), fenceOn(kube, 'laptop-2')];
    expect(await mine.isHeld(ours)).toBe(false);
    expect(await mine.acquire(ours)).toBe(true);
    expect(await mine.acquire(ours)).toBe(false);
    expect(await mine.isHeld(ours)).toBe(true);
    // Another worker of the same Temporal has another data folder, and the same run.
    expect(await other.isHeld(ours)).toBe(true);
    const refused = {
      type: 'FencedOff',
      nonRetryable: true,
      message: expect.stringMatching(
        /run run-a of Meshlift laptop-1 \(there it is called prod\) since 2\d{3}-/,
      ) as unknown,
    };
    await expect(other.isHeld(theirs)).rejects.toMatchObject(refused);
    await expect(other.acquire(theirs)).rejects.toMatchObject(refused);
    expect(stored()?.['spec']).toMatchObject({ holderIdentity: 'laptop-1/run-a' });
  });

  it('has one winner when several runs take it at once', async () => {
    const { kube } = createStorage();
    const runs = ['a', 'b', 'c', 'd'].map((runId) => ({ ...ours, runId }));
    const outcomes = await Promise.allSettled(runs.map((run) => fenceOn(kube, run.runId).acquire(run)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is given back by its holder only, and does not expire', async () => {
    const { kube, stored, edit } = createStorage();
    const [mine, other] = [fenceOn(kube, 'laptop-1'), fenceOn(kube, 'laptop-2')];
    await mine.acquire(ours);
    expect(await other.release(theirs)).toBe(false);
    const { spec } = stored() as unknown as { spec: object };
    edit({ ...spec, acquireTime: '1999-01-01T00:00:00.000000Z', renewTime: '1999-01-01T00:00:00.000000Z' });
    await expect(other.acquire(theirs)).rejects.toMatchObject({ type: 'FencedOff' });
    expect(await mine.release(ours)).toBe(true);
    expect(stored()).toBeNull();
    expect(await other.acquire(theirs)).toBe(true);
  });

  it("can be taken over by hand: a deleted or an emptied lease is nobody's", async () => {
    const { kube, remove, edit, stored } = createStorage();
    const [mine, other] = [fenceOn(kube, 'laptop-1'), fenceOn(kube, 'laptop-2')];
    await mine.acquire(ours);
    remove();
    expect(await other.acquire(theirs)).toBe(true);
    await expect(mine.isHeld(ours)).rejects.toMatchObject({ type: 'FencedOff' });
    edit({ holderIdentity: '' });
    expect(await mine.acquire(ours)).toBe(true);
    expect(stored()?.['spec']).toMatchObject({ holderIdentity: 'laptop-1/run-a', leaseTransitions: 1 });
  });
});

describe('the guard of the writes', () => {
  const sent: string[] = [];
  const note = (what: string) => () => {
    sent.push(what);
    return Promise.resolve({});
  };
  const kube = guardWrites(
    { create: note('create'), mergePatch: note('patch'), replace: note('replace'), delete: note('delete') } as never,
    'prod',
  );
  const pods = { api: 'v1', plural: 'pods', namespace: 'shop' };
  beforeEach(() => void sent.splice(0));

  it('sends nothing outside a recorded operation', async () => {
    const object = { metadata: { name: 'web' } };
    const refused = { type: 'Internal', message: expect.stringContaining('outside a recorded operation') as unknown };
    await expect(kube.create(pods, object)).rejects.toMatchObject(refused);
    await expect(kube.mergePatch({ ...pods, name: 'web' }, {})).rejects.toMatchObject(refused);
    await expect(kube.replace({ ...pods, name: 'web' }, object)).rejects.toMatchObject(refused);
    await expect(kube.delete({ ...pods, name: 'web' })).rejects.toMatchObject(refused);
    expect(sent).toEqual([]);
  });

  it('lets pass what changes nothing: dry runs, reviews, and scratch namespaces', async () => {
    await kube.create(pods, {}, { dryRun: true });
    await kube.create({ api: 'authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' }, {});
    await kube.create({ api: 'v1', plural: 'namespaces' }, { metadata: { name: 'meshlift-probe-asm' } });
    await kube.delete({ api: 'v1', plural: 'namespaces', name: 'meshlift-probe-asm' });
    expect(sent).toEqual(['create', 'create', 'create', 'delete']);
  });

  it('lets pass what a mutating operation does, and nothing that a reading one does', async () => {
    const journal = { append: () => Promise.resolve(), fence: fenceOn(createStorage().kube, 'laptop-1') };
    const write = async () => ({ outcome: 'succeeded' as const, value: await kube.delete({ ...pods, name: 'web' }) });
    await recordOperation(journal, ours, { id: 'd', argv: [], mutating: true }, write);
    await expect(recordOperation(journal, ours, { id: 'd', argv: [], mutating: false }, write)).rejects.toThrow();
    expect(sent).toEqual(['delete']);
  });
});

describe('the id of a server', () => {
  let dir: string;
  beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'meshlift-id-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is made once, kept, and readable for its owner only', async () => {
    const id = readServerId(join(dir, 'data'));
    expect(id).toMatch(/^[a-z0-9-]+-[0-9a-f]{8}$/);
    expect(readServerId(join(dir, 'data'))).toBe(id);
    expect(readServerId(join(dir, 'other'))).not.toBe(id);
    expect((await stat(join(dir, 'data', 'server-id'))).mode & 0o777).toBe(0o600);
  });
});
