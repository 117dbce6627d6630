import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { claim } from '../../activities/releases/claims.js';
import { failureOf, useReleaseBench } from './release-bench.js';
import { ARCHIVE, newKey, releaseAt, releaseEntries, signatureOf, tarOf, VERSION } from './release-support.js';

const SIGNATURE = `${ARCHIVE}.1.sig`;
const archive = tarOf(releaseEntries());
const digest = createHash('sha256').update(archive).digest('hex');

const bench = useReleaseBench(archive);
const { key, offer, fetchIt, unpacked, archives } = bench;
const releases = () => join(bench.cacheDir(), 'releases');
const part = () => join(releases(), 'archives', `${ARCHIVE}.part`);

describe('fetching a release', () => {
  it('gives the proven, unpacked release and tells of its progress', async () => {
    const progress: number[] = [];
    const release = await fetchIt({ heartbeat: ({ received, total }) => progress.push(received / (total ?? 1)) });
    expect(release).toEqual({
      digest,
      dir: join(releases(), digest),
      istioctl: join(releases(), digest, 'bin/istioctl'),
      versionProven: true,
    });
    expect(await readFile(join(release.dir, 'manifests/profiles/asm-multicloud.yaml'), 'utf8')).toBe('spec: {}\n');
    expect(progress.at(-1)).toBe(1);
    expect((await archives()).toSorted()).toEqual([ARCHIVE, SIGNATURE]);
    expect(await unpacked()).toEqual([digest]);
  });

  it('downloads nothing the second time, and proves the archive again', async () => {
    await fetchIt();
    const before = bench.server().requests.length;
    await bench.server().close();
    expect((await fetchIt()).digest).toBe(digest);
    expect(bench.server().requests).toHaveLength(before);
  });

  it('does not trust a cache that somebody has changed', async () => {
    const first = await fetchIt();
    await writeFile(join(releases(), 'archives', ARCHIVE), tarOf(releaseEntries('evil')));
    await rm(first.istioctl);
    const again = await fetchIt();
    expect(again.digest).toBe(digest);
    expect(existsSync(again.istioctl)).toBe(true);
  });

  it('fetches anew when the release got another key', async () => {
    await fetchIt();
    const other = newKey();
    offer(archive, other);
    expect((await fetchIt({ release: releaseAt(bench.server().baseUrl, other) })).digest).toBe(digest);
    expect(bench.server().requests).toHaveLength(4);
  });

  it('takes a folder as its source', async () => {
    const dir = join(bench.cacheDir(), 'mirror');
    await mkdir(dir);
    await writeFile(join(dir, ARCHIVE), archive);
    await writeFile(join(dir, SIGNATURE), signatureOf(archive, key));
    expect((await fetchIt({ release: releaseAt(pathToFileURL(dir).href, key) })).digest).toBe(digest);
    const missing = await failureOf(fetchIt({ release: releaseAt('file:///nowhere', newKey()) }));
    expect(missing).toMatchObject({ type: 'DownloadFailed', nonRetryable: true });
  });

  it('lets several fetch at once into the same cache', async () => {
    const all = await Promise.all([fetchIt(), fetchIt(), fetchIt()]);
    expect(new Set(all.map(({ dir }) => dir)).size).toBe(1);
    expect(await unpacked()).toEqual([digest]);
    expect((await archives()).toSorted()).toEqual([ARCHIVE, SIGNATURE]);
  });

  it('ends with the reason of the signal', async () => {
    const cancel = new AbortController();
    const reason = new Error('cancelled by a person');
    const fetching = fetchIt({ signal: cancel.signal, heartbeat: () => cancel.abort(reason) });
    await expect(fetching).rejects.toBe(reason);
    expect(await unpacked()).toEqual([]);
  });

  it('says for which platforms there is an archive', async () => {
    const failure = await failureOf(fetchIt({ platform: 'aix' }));
    expect(failure).toMatchObject({ type: 'ArchiveInvalid', nonRetryable: true });
    expect(failure.message).toBe(`Release ${VERSION} has no archive for aix, only for linux, darwin, win32.`);
  });
});

describe('a signature that is not the key’s', () => {
  it.each([
    ['of another key', () => offer(archive, newKey())],
    ['of another archive', () => bench.server().files.set(SIGNATURE, signatureOf(tarOf(releaseEntries('other')), key))],
    ['that is none', () => bench.server().files.set(SIGNATURE, Buffer.from('not a signature'))],
    ['that is empty', () => bench.server().files.set(SIGNATURE, Buffer.alloc(0))],
  ])('%s: nothing is unpacked, the archive is deleted', async (_, spoil) => {
    spoil();
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'SignatureInvalid', nonRetryable: true });
    expect(failure.message).toContain(`${bench.server().baseUrl}/${ARCHIVE} of release ${VERSION}`);
    expect(await unpacked()).toEqual([]);
    expect(await archives()).toEqual([]);
  });
});

describe('a download that goes wrong', () => {
  it('is tried again later when the server is out of order, when it says', async () => {
    bench.server().faults.push('unavailable');
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'DownloadFailed', nextRetryDelay: 7_000 });
    expect(failure.nonRetryable).not.toBe(true);
    expect(failure.message).toMatch(/could not be downloaded: the server answered 503\.$/);
    expect((await fetchIt()).digest).toBe(digest);
  });

  it('is not tried again when there is no such file', async () => {
    bench.server().faults.push('missing');
    expect(await failureOf(fetchIt())).toMatchObject({ type: 'DownloadFailed', nonRetryable: true });
  });

  /** Lets some bytes arrive, then cuts the connection. @returns how many arrived */
  async function cutHalfWay(): Promise<number> {
    let arrived = 0;
    bench.server().faults.push('stalls');
    const heartbeat = ({ received }: { received: number }) => {
      arrived = received;
      bench.server().cut();
    };
    const failure = await failureOf(fetchIt({ heartbeat }));
    expect(failure).toMatchObject({ type: 'DownloadFailed' });
    expect(failure.nonRetryable).not.toBe(true);
    return arrived;
  }

  it('goes on where it was cut', async () => {
    const arrived = await cutHalfWay();
    expect(arrived).toBeGreaterThan(0);
    expect(await readFile(part())).toEqual(archive.subarray(0, arrived));
    expect((await fetchIt()).digest).toBe(digest);
    expect(bench.server().requests).toContain(`${ARCHIVE} bytes=${arrived}-`);
  });

  it('begins anew when the server knows no ranges', async () => {
    await cutHalfWay();
    bench.server().faults.push('ignoresRanges');
    expect((await fetchIt()).digest).toBe(digest);
  });

  it('begins anew when the beginning was that of another file', async () => {
    await failureOf(fetchIt({ release: releaseAt('http://127.0.0.1:1', key) }));
    await writeFile(part(), 'something else entirely');
    expect((await fetchIt()).digest).toBe(digest);
    expect(
      bench.server().requests.filter((request) => request.startsWith(ARCHIVE) && !request.includes('.sig')),
    ).toEqual([`${ARCHIVE} bytes=23-`, ARCHIVE]);
  });

  it('is done when all of it was there already', async () => {
    await mkdir(join(releases(), 'archives'), { recursive: true });
    await writeFile(part(), archive);
    expect((await fetchIt()).digest).toBe(digest);
    expect(bench.server().requests[0]).toBe(`${ARCHIVE} bytes=${archive.length}-`);
  });

  it('says when the server cannot be reached', async () => {
    await bench.server().close();
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'DownloadFailed' });
    expect(failure.message).toMatch(/ECONNREFUSED/);
  });
});

describe('what a killed process left behind', () => {
  it('is gone on with, but never what a living one works on', async () => {
    const mine = await claim(bench.cacheDir(), 'x.part');
    await writeFile(mine, 'in work');
    const other = await claim(bench.cacheDir(), 'x.part');
    expect(existsSync(other)).toBe(false);

    // The same name as this process would use, but of a process that has ended.
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const orphan = mine.replace(`-${process.pid}-`, `-${dead.pid}-`);
    await writeFile(orphan, 'left behind');
    const taken = await claim(bench.cacheDir(), 'x.part');
    expect(await readFile(taken, 'utf8')).toBe('left behind');
    expect(await readFile(mine, 'utf8')).toBe('in work');
    expect(existsSync(orphan)).toBe(false);
  });

  it('is swept away when it was being unpacked', async () => {
    await fetchIt();
    const { dir } = await fetchIt();
    await rm(dir, { recursive: true });
    const mine = await claim(releases(), '.unpacking');
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    await mkdir(mine.replace(`-${process.pid}-`, `-${dead.pid}-`));
    await fetchIt();
    expect(await unpacked()).toEqual([digest]);
  });
});
