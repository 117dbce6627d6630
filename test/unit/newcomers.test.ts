/** Namespaces that come into the mesh after the plan was made. On a real mesh: test/e2e/rollback.test.ts. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActivityContext } from '../../activities/context.js';
import type { KubeObject } from '../../activities/kube/types.js';
import { PROBE_LABEL } from '../../activities/mesh/probe-namespace.js';
import { keepSnapshot, readSnapshot } from '../../activities/rollback/snapshot-file.js';
import { runDir } from '../../activities/rollback/run-dir.js';
import { createFindNewcomers } from '../../activities/workloads/find-newcomers.js';
import type { Route } from '../../domain/plan.js';

const run = { cluster: 'prod', runId: 'run-a', release: '1.6.14-asm.2' };
const sidecar = { revision: 'x', proxyTag: 'x' };
const route: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar },
  to: { version: '1.6.14-asm.2', revision: 'asm-1614-2', sidecar },
};
const INJECTED = { 'istio-injection': 'enabled' };

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meshlift-newcomers-'));
  const namespaces = { shop: INJECTED, 'left-out': INJECTED, plain: { team: 'a' } };
  await keepSnapshot(dataDir, run, {
    schema: 1,
    cluster: 'prod',
    runId: 'run-a',
    takenAt: 'then',
    namespaces,
    objects: [],
  });
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function namespace(name: string, labels?: Record<string, string>, more: object = {}): KubeObject {
  return { metadata: { name, ...(labels && { labels }), ...more } };
}

async function find(...items: readonly KubeObject[]): Promise<readonly string[]> {
  const kube = { list: () => Promise.resolve({ items, resourceVersion: '1' }) };
  const context = { dataDir, access: () => ({ kube }) } as unknown as ActivityContext;
  const input = { run, route, known: ['shop'], excluded: ['lab'] };
  const work = new MockActivityEnvironment().run(() => createFindNewcomers(context)(input));
  return ((await work) as { namespaces: readonly string[] }).namespaces;
}

it('are those that ask for the old control plane now and did not when the run began', async () => {
  const found = await find(
    namespace('new', INJECTED),
    namespace('plain', { ...INJECTED, team: 'a' }),
    namespace('by-name', { 'istio.io/rev': 'default' }),
    namespace('shop', INJECTED),
    namespace('left-out', INJECTED),
    namespace('lab', INJECTED),
    namespace('istio-system', INJECTED),
    namespace('on-the-new-one', { 'istio.io/rev': 'asm-1614-2' }),
    namespace('without-labels'),
    namespace('opted-out', { 'istio-injection': 'disabled' }),
    namespace('going', INJECTED, { deletionTimestamp: 'now' }),
    namespace('probe', { ...INJECTED, [PROBE_LABEL]: 'x' }),
  );
  expect(found).toEqual(['by-name', 'new', 'plain']);
  // What they said then is what a rollback gives back; the rest of the snapshot stays.
  expect((await readSnapshot(dataDir, run)).namespaces).toEqual({
    shop: INJECTED,
    'left-out': INJECTED,
    plain: { ...INJECTED, team: 'a' },
    new: INJECTED,
    'by-name': { 'istio.io/rev': 'default' },
  });
});

it('are remembered as they were when they were first found, also by a worker that died in between', async () => {
  expect(await find(namespace('new', INJECTED))).toEqual(['new']);
  const folder = join(runDir(dataDir, run), 'newcomers');
  await writeFile(join(folder, 'other.json.half.draft'), '{"istio');
  // The run was told nothing; it asks again, and meanwhile the owner has added a label.
  expect(await find(namespace('new', { ...INJECTED, team: 'b' }))).toEqual(['new']);
  expect((await readSnapshot(dataDir, run)).namespaces['new']).toEqual(INJECTED);
  expect(await readdir(folder)).toContain('new.json');
});
