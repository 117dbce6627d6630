import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ApplicationFailure } from '@temporalio/common';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim } from '../../activities/releases/claims.js';
import { fetchReleaseArchive, type FetchRequest } from '../../activities/releases/fetch-release.js';
import {
  ARCHIVE,
  newKey,
  releaseAt,
  releaseEntries,
  signatureOf,
  startFileServer,
  tarOf,
  VERSION,
  type FileServer,
  type TarEntry,
} from './release-support.js';

const SIGNATURE = `${ARCHIVE}.1.sig`;
const key = newKey();
const archive = tarOf(releaseEntries());
const digest = createHash('sha256').update(archive).digest('hex');

let cacheDir: string;
let server: FileServer;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'meshlift-releases-'));
  server = await startFileServer();
  offer(archive);
});
afterEach(async () => {
  await server.close();
  await rm(cacheDir, { recursive: true, force: true });
});

function offer(content: Buffer, signer = key): void {
  server.files.set(ARCHIVE, content).set(SIGNATURE, signatureOf(content, signer));
}
function fetchIt(request: Partial<FetchRequest> = {}) {
  const signal = new AbortController().signal;
  return fetchReleaseArchive({
    release: releaseAt(server.baseUrl, key),
    platform: 'linux',
    cacheDir,
    signal,
    ...request,
  });
}
async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}
/** Everything in the cache but the folder of archives: what was unpacked, or half unpacked. */
const unpacked = async () => (await readdir(join(cacheDir, 'releases'))).filter((name) => name !== 'archives');
const archives = () => readdir(join(cacheDir, 'releases', 'archives'));
const part = () => join(cacheDir, 'releases', 'archives', `${ARCHIVE}.part`);

describe('fetching a release', () => {
  it('gives the proven, unpacked release and tells of its progress', async () => {
    const progress: number[] = [];
    const release = await fetchIt({ heartbeat: ({ received, total }) => progress.push(received / (total ?? 1)) });
    expect(release).toEqual({
      digest,
      dir: join(cacheDir, 'releases', digest),
      istioctl: join(cacheDir, 'releases', digest, 'bin/istioctl'),
    });
    expect(await readFile(join(release.dir, 'manifests/profiles/asm-multicloud.yaml'), 'utf8')).toBe('spec: {}\n');
    expect(progress.at(-1)).toBe(1);
    expect((await archives()).toSorted()).toEqual([ARCHIVE, SIGNATURE]);
    expect(await unpacked()).toEqual([digest]);
  });

  it('downloads nothing the second time, and proves the archive again', async () => {
    await fetchIt();
    const before = server.requests.length;
    await server.close();
    expect((await fetchIt()).digest).toBe(digest);
    expect(server.requests).toHaveLength(before);
  });

  it('does not trust a cache that somebody has changed', async () => {
    const first = await fetchIt();
    await writeFile(join(cacheDir, 'releases', 'archives', ARCHIVE), tarOf(releaseEntries('evil')));
    await rm(first.istioctl);
    const again = await fetchIt();
    expect(again.digest).toBe(digest);
    expect(existsSync(again.istioctl)).toBe(true);
  });

  it('fetches anew when the release got another key', async () => {
    await fetchIt();
    const other = newKey();
    offer(archive, other);
    expect((await fetchIt({ release: releaseAt(server.baseUrl, other) })).digest).toBe(digest);
    expect(server.requests).toHaveLength(4);
  });

  it('takes a folder as its source', async () => {
    const dir = join(cacheDir, 'mirror');
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

  it.each([
    ['win32', /workers on Windows are not supported yet/],
    ['aix', /has none for aix/],
  ] as const)('says that it cannot unpack for %s', async (platform, sentence) => {
    const failure = await failureOf(fetchIt({ platform }));
    expect(failure).toMatchObject({ type: 'ArchiveInvalid', nonRetryable: true });
    expect(failure.message).toMatch(sentence);
  });
});

describe('a signature that is not the key’s', () => {
  it.each([
    ['of another key', () => offer(archive, newKey())],
    ['of another archive', () => server.files.set(SIGNATURE, signatureOf(tarOf(releaseEntries('other')), key))],
    ['that is none', () => server.files.set(SIGNATURE, Buffer.from('not a signature'))],
    ['that is empty', () => server.files.set(SIGNATURE, Buffer.alloc(0))],
  ])('%s: nothing is unpacked, the archive is deleted', async (_, spoil) => {
    spoil();
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'SignatureInvalid', nonRetryable: true });
    expect(failure.message).toContain(`${server.baseUrl}/${ARCHIVE} of release ${VERSION}`);
    expect(await unpacked()).toEqual([]);
    expect(await archives()).toEqual([]);
  });
});

describe('a download that goes wrong', () => {
  it('is tried again later when the server is out of order, when it says', async () => {
    server.faults.push('unavailable');
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'DownloadFailed', nextRetryDelay: 7_000 });
    expect(failure.nonRetryable).not.toBe(true);
    expect(failure.message).toMatch(/could not be downloaded: the server answered 503\.$/);
    expect((await fetchIt()).digest).toBe(digest);
  });

  it('is not tried again when there is no such file', async () => {
    server.faults.push('missing');
    expect(await failureOf(fetchIt())).toMatchObject({ type: 'DownloadFailed', nonRetryable: true });
  });

  /** Lets some bytes arrive, then cuts the connection. @returns how many arrived */
  async function cutHalfWay(): Promise<number> {
    let arrived = 0;
    server.faults.push('stalls');
    const heartbeat = ({ received }: { received: number }) => {
      arrived = received;
      server.cut();
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
    expect(server.requests).toContain(`${ARCHIVE} bytes=${arrived}-`);
  });

  it('begins anew when the server knows no ranges', async () => {
    await cutHalfWay();
    server.faults.push('ignoresRanges');
    expect((await fetchIt()).digest).toBe(digest);
  });

  it('begins anew when the beginning was that of another file', async () => {
    await failureOf(fetchIt({ release: releaseAt('http://127.0.0.1:1', key) }));
    await writeFile(part(), 'something else entirely');
    expect((await fetchIt()).digest).toBe(digest);
    expect(server.requests.filter((request) => request.startsWith(ARCHIVE) && !request.includes('.sig'))).toEqual([
      `${ARCHIVE} bytes=23-`,
      ARCHIVE,
    ]);
  });

  it('is done when all of it was there already', async () => {
    await mkdir(join(cacheDir, 'releases', 'archives'), { recursive: true });
    await writeFile(part(), archive);
    expect((await fetchIt()).digest).toBe(digest);
    expect(server.requests[0]).toBe(`${ARCHIVE} bytes=${archive.length}-`);
  });

  it('says when the server cannot be reached', async () => {
    await server.close();
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'DownloadFailed' });
    expect(failure.message).toMatch(/ECONNREFUSED/);
  });
});

describe('an archive that is signed and yet wrong', () => {
  const top = `istio-${VERSION}`;
  it.each<[string, readonly TarEntry[], RegExp]>([
    ['climbs out', [{ path: `${top}/../../evil`, content: 'x' }], /entry ".*evil" leads out of it/],
    ['is absolute', [{ path: '/tmp/evil', content: 'x' }], /entry "\/tmp\/evil" leads out of it/],
    ['has a second top folder', [{ path: 'other/file', content: 'x' }], /is not in istio-9.9.9-test.1\//],
    ['has a folder that only begins alike', [{ path: `${top}x/file`, content: 'x' }], /is not in/],
    ['links out', [{ path: `${top}/out`, type: 'SymbolicLink', linkpath: '../../etc' }], /link ".*out" leads out/],
    ['links to an absolute path', [{ path: `${top}/out`, type: 'SymbolicLink', linkpath: '/etc' }], /leads out/],
    ['has a hard link', [{ path: `${top}/hard`, type: 'Link', linkpath: `${top}/bin/istioctl` }], /is a Link/],
  ])('%s', async (_, extra, sentence) => {
    offer(tarOf([...releaseEntries(), ...extra]));
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'ArchiveInvalid', nonRetryable: true });
    expect(failure.message).toMatch(sentence);
    expect(await unpacked()).toEqual([]);
    expect(existsSync(join(cacheDir, 'evil'))).toBe(false);
  });

  it.each<[string, Buffer, RegExp]>([
    ['no tar', Buffer.from('just text'), /not what it should be/],
    ['an empty tar', tarOf([]), /not what it should be/],
    ['a tar without istioctl', tarOf([{ path: `${top}/README`, content: 'x' }]), /istioctl does not run/],
    ['another version', tarOf(releaseEntries('1.6.13')), /does not say that it is 9.9.9-test.1/],
    ['a longer version', tarOf(releaseEntries(`${VERSION}1`)), /does not say that it is 9.9.9-test.1/],
  ])('is %s', async (_, content, sentence) => {
    offer(content);
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'ArchiveInvalid', nonRetryable: true });
    expect(failure.message).toMatch(sentence);
    expect(await unpacked()).toEqual([]);
  });
});

describe('what a killed process left behind', () => {
  it('is gone on with, but never what a living one works on', async () => {
    const mine = await claim(cacheDir, 'x.part');
    await writeFile(mine, 'in work');
    const other = await claim(cacheDir, 'x.part');
    expect(existsSync(other)).toBe(false);

    // The same name as this process would use, but of a process that has ended.
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const orphan = mine.replace(`-${process.pid}-`, `-${dead.pid}-`);
    await writeFile(orphan, 'left behind');
    const taken = await claim(cacheDir, 'x.part');
    expect(await readFile(taken, 'utf8')).toBe('left behind');
    expect(await readFile(mine, 'utf8')).toBe('in work');
    expect(existsSync(orphan)).toBe(false);
  });

  it('is swept away when it was being unpacked', async () => {
    await fetchIt();
    const { dir } = await fetchIt();
    await rm(dir, { recursive: true });
    const mine = await claim(join(cacheDir, 'releases'), '.unpacking');
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    await mkdir(mine.replace(`-${process.pid}-`, `-${dead.pid}-`));
    await fetchIt();
    expect(await unpacked()).toEqual([digest]);
  });
});
