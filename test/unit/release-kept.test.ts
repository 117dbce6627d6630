import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunJournal } from '../../activities/audit/run-journal.js';
import { createContext } from '../../activities/context.js';
import { withSourceArchive } from '../../activities/planning/source-archive.js';
import { createFetchRelease, releaseFor, sourceRelease } from '../../activities/releases/release-for.js';
import type { Route } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import type { Catalogue } from '../../settings/catalogue.js';
import { parseSettings } from '../../settings/settings.js';
import { PLAN } from './cli-support.js';
import { failureOf, useReleaseBench } from './release-bench.js';
import { ARCHIVE, POLICY, releaseAt, releaseEntries, tarOf, VERSION } from './release-support.js';

const SOURCE = '1.5.10-asm.1';
const SOURCE_FILE = `istio-${SOURCE}-linux-amd64.tar.gz`;
const target = tarOf(releaseEntries());
const source = tarOf(releaseEntries(SOURCE).map((entry) => ({ ...entry, path: entry.path.replace(VERSION, SOURCE) })));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const bench = useReleaseBench(target);
const run = { cluster: 'shop', runId: 'run-1', release: VERSION };

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meshlift-kept-'));
  bench.offer(source, bench.key, SOURCE_FILE);
});
afterEach(() => rm(dataDir, { recursive: true }));

function routeFrom(version: string): Route {
  return { ...PLAN.route!, from: { ...PLAN.route!.from, version } };
}

function catalogueOf(...releases: readonly Release[]): Catalogue {
  const find = (version: string) => releases.find((release) => release.version === version) ?? null;
  return { releases, downloads: POLICY, find };
}

function bothReleases(): [Release, Release] {
  const base = releaseAt(bench.server().baseUrl, bench.key);
  const archives = { linux: { file: SOURCE_FILE }, darwin: { file: SOURCE_FILE } };
  return [base, { ...base, role: 'source', version: SOURCE, revision: 'default', archives }];
}

/** Runs the activity as a worker does. */
function prepare(route: Route, releases: readonly Release[] = bothReleases()) {
  const journal = createRunJournal({ dir: join(dataDir, 'runs') });
  const settings = parseSettings('', '/etc/config.yaml');
  const logger = pino({ level: 'silent' });
  const catalogue = catalogueOf(...releases);
  const context = createContext({ settings, catalogue, journal, cacheDir: bench.cacheDir(), dataDir, logger });
  const work = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(
    createFetchRelease(context),
    { run, route, overlays: [] },
  );
  return { work, journal, places: context };
}

describe('what a run keeps before the first change', () => {
  it('is the target, when the old control plane stays where it is', async () => {
    const { work } = prepare(routeFrom('1.6.13'));
    const digest = sha256(target);
    expect(await work).toEqual({
      archives: [
        {
          version: VERSION,
          role: 'target',
          digest,
          verified: `ECDSA P-256 over SHA-256 with the key of ${VERSION}: Verified OK`,
          dir: join(bench.cacheDir(), 'releases', digest),
        },
      ],
    });
    expect(existsSync(join(dataDir, 'kept'))).toBe(false);
  });

  it('says of a target that nobody signs by which digest it was proven', async () => {
    const unsigned = Object.entries(bothReleases()[0]).filter(
      ([key]) => !['publicKey', 'signatureSuffix'].includes(key),
    );
    const digest = sha256(target);
    const archives = { linux: { file: ARCHIVE, sha256: digest }, darwin: { file: ARCHIVE, sha256: digest } };
    const { work } = prepare(routeFrom('1.6.13'), [{ ...(Object.fromEntries(unsigned) as Release), archives }]);
    const verified = `SHA-256 as the catalogue names it for ${VERSION}: Verified OK`;
    expect(await work).toMatchObject({ archives: [{ digest, verified }] });
    expect(bench.server().requests).toEqual([ARCHIVE]);
  });

  it('is from 1.5 the source too, with the data and not in the cache, and it is used from there', async () => {
    const { work, journal, places } = prepare(routeFrom(SOURCE));
    const dir = join(dataDir, 'kept/asm-1-5/releases', sha256(source));
    expect(await work).toMatchObject({
      archives: [
        { version: SOURCE, role: 'source', digest: sha256(source), dir },
        { version: VERSION, role: 'target', digest: sha256(target) },
      ],
    });
    const operations = await journal.operations('shop', 'run-1');
    expect(operations.map(({ id, outcome }) => [id.split('#')[0], outcome])).toEqual([
      [`fetch/${SOURCE}`, 'succeeded'],
      [`fetch/${VERSION}`, 'succeeded'],
    ]);
    expect(operations[0]?.argv.at(-1)).toBe(`${bench.server().baseUrl}/${SOURCE_FILE}`);
    // Later, when the cache was cleared and the vendor cannot be reached.
    await rm(bench.cacheDir(), { recursive: true });
    await bench.server().close();
    const kept = sourceRelease(places, SOURCE);
    expect((await releaseFor(places, kept, new AbortController().signal)).dir).toBe(dir);
  });

  it('is nothing when the source has no archive: then there would be no way back', async () => {
    const failure = await failureOf(prepare(routeFrom('1.5.11-asm.1')).work);
    expect(failure).toMatchObject({ type: 'UnknownRelease', nonRetryable: true });
    expect(failure.message).toMatch(/no release of role "source" that brings 1.5.11-asm.1 back/);
    expect(bench.server().requests).toEqual([]);
  });

  it('is not the target when the source cannot be proven', async () => {
    bench.server().files.set(`${SOURCE_FILE}.1.sig`, Buffer.from('no'));
    expect(await failureOf(prepare(routeFrom(SOURCE)).work)).toMatchObject({ type: 'SignatureInvalid' });
    expect(existsSync(join(bench.cacheDir(), 'releases'))).toBe(false);
    expect(await readdir(join(dataDir, 'kept/asm-1-5/releases'))).toEqual(['archives']);
  });
});

describe('the plan', () => {
  it('has a blocker from 1.5 when the catalogue cannot bring that back', () => {
    const [only, kept] = bothReleases();
    const plan = { ...PLAN, route: routeFrom(SOURCE) };
    expect(withSourceArchive(plan, catalogueOf(only)).findings).toMatchObject([
      { check: 'MESH003', severity: 'blocker', reason: 'UnknownRelease' },
    ]);
    expect(withSourceArchive(plan, catalogueOf(only, kept))).toBe(plan);
    expect(withSourceArchive(PLAN, catalogueOf(only))).toBe(PLAN);
  });
});
