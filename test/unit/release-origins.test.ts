import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { downloadFile } from '../../activities/releases/download.js';
import { failureOf, useReleaseBench } from './release-bench.js';
import { ARCHIVE, POLICY, releaseAt, releaseEntries, tarOf } from './release-support.js';

const archive = tarOf(releaseEntries());
const bench = useReleaseBench(archive);
const { key, fetchIt } = bench;

/** It was refused for good, and neither archive nor signature nor a part of them is left. */
async function expectNothingLeft(fetching: ReturnType<typeof fetchIt>, sentence: RegExp): Promise<void> {
  const failure = await failureOf(fetching);
  expect(failure).toMatchObject({ type: 'DownloadFailed', nonRetryable: true });
  expect(failure.message).toMatch(sentence);
  expect([...(await bench.unpacked()), ...(await bench.archives())]).toEqual([]);
}

describe('where archives come from', () => {
  it('is never where a server redirects to', async () => {
    bench.server().faults.push('redirects');
    await expectNothingLeft(
      fetchIt(),
      /redirects to https:\/\/elsewhere.example\/evil, and redirects are not followed/,
    );
    expect(bench.server().requests).toEqual([ARCHIVE]);
  });

  it('is only a host of the catalogue or of the configuration', async () => {
    const policy = { hosts: new Set(['mirror.example']), loopbackHttp: true };
    await expectNothingLeft(fetchIt({ policy }), /host 127.0.0.1 is not among those that archives may come from/);
    expect(bench.server().requests).toEqual([]);
  });

  it('is not plain http, unless this machine’s is allowed', async () => {
    await expectNothingLeft(fetchIt({ policy: { ...POLICY, loopbackHttp: false } }), /needs `downloads: \{ loopback/);
    const release = releaseAt('http://mirror.example/asm', key);
    await expectNothingLeft(fetchIt({ release }), /plain http: is not allowed/);
  });

  it('is no folder or device that is named like an archive', async () => {
    const dir = join(bench.cacheDir(), 'mirror');
    await mkdir(join(dir, ARCHIVE), { recursive: true });
    await expectNothingLeft(fetchIt({ release: releaseAt(pathToFileURL(dir).href, key) }), /it is no plain file/);
  });
});

describe('a server that does not keep to what it should', () => {
  it('dies half-way: what came stays for the next try, nothing is unpacked', async () => {
    bench.server().faults.push('dies');
    const failure = await failureOf(fetchIt());
    expect(failure).toMatchObject({ type: 'DownloadFailed' });
    expect(failure.nonRetryable).not.toBe(true);
    expect(await bench.unpacked()).toEqual([]);
    expect(await bench.archives()).toEqual([`${ARCHIVE}.part`]);
    expect((await fetchIt()).versionProven).toBe(true);
  });

  it.each([
    ['cuts the archive', archive.subarray(0, -20)],
    ['flips one bit', Buffer.concat([archive.subarray(0, -1), Buffer.from([(archive.at(-1) ?? 0) ^ 1])])],
  ])('%s: the signature tells, nothing is left', async (_, content) => {
    bench.server().files.set(ARCHIVE, content);
    expect(await failureOf(fetchIt())).toMatchObject({ type: 'SignatureInvalid', nonRetryable: true });
    expect([...(await bench.unpacked()), ...(await bench.archives())]).toEqual([]);
  });

  it('announces or sends more than the largest release', async () => {
    await mkdir(bench.cacheDir(), { recursive: true });
    const file = join(bench.cacheDir(), 'large');
    const url = new URL(`${bench.server().baseUrl}/${ARCHIVE}`);
    const signal = new AbortController().signal;
    const download = { url, policy: POLICY, signal, maxBytes: 100 };
    expect((await failureOf(downloadFile(download, file))).message).toMatch(/it is larger than 100 bytes/);
    expect(existsSync(file)).toBe(false);
    await writeFile(join(bench.cacheDir(), ARCHIVE), archive);
    const local = { ...download, url: pathToFileURL(join(bench.cacheDir(), ARCHIVE)) };
    expect((await failureOf(downloadFile(local, file))).message).toMatch(/it is larger than 100 bytes/);
  });
});

describe('a full disk', () => {
  const program = fileURLToPath(new URL('./release-fetch-process.ts', import.meta.url));
  const releaseJson = () => JSON.stringify(releaseAt(bench.server().baseUrl, key));

  /** Fetches in another process. @returns the type and the message of its failure */
  async function fetchElsewhere(shell: readonly string[], cacheDir: string): Promise<string> {
    const child = spawn('sh', ['-c', ...shell], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      // The loader's own cache does not matter here, and must not fill the disk.
      env: {
        ...process.env,
        TSX_DISABLE_CACHE: '1',
        RELEASE: releaseJson(),
        CACHE_DIR: cacheDir,
        NODE: process.execPath,
        PROGRAM: program,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    return said;
  }

  /** An archive that does not fit into 64 KiB, or one that does but whose contents do not. */
  const large = tarOf([
    ...releaseEntries(),
    { path: 'istio-9.9.9-test.1/samples/noise2', content: randomBytes(128 * 1024) },
  ]);
  const wide = tarOf([
    ...releaseEntries(),
    { path: 'istio-9.9.9-test.1/samples/zeros', content: Buffer.alloc(900_000) },
  ]);

  it.each([
    ['while the archive arrives', large],
    ['while it is unpacked', wide],
  ])('%s: it says so, and leaves nothing behind', async (_, content) => {
    bench.offer(content);
    // 128 blocks of 512 bytes: the process may write no larger file. It is what a quota does.
    const said = await fetchElsewhere(['ulimit -f 128 && exec "$NODE" --import tsx "$PROGRAM"'], bench.cacheDir());
    expect(said).toMatch(
      /^DiskFull There is no room for the release archive in .* \(EFBIG\)\. Nothing was installed\.$/m,
    );
    expect(await bench.unpacked()).toEqual([]);
    expect((await bench.archives()).filter((name) => name !== ARCHIVE && name !== `${ARCHIVE}.1.sig`)).toEqual([]);
  });

  /** A file system of its own needs the right to mount one; where it is missing, this shows as skipped. */
  it.runIf(mayMount())('is told by the file system itself', async () => {
    bench.offer(large);
    const mount = join(bench.cacheDir(), 'small');
    await mkdir(mount);
    const script = `mount -t tmpfs -o size=64k none "$CACHE_DIR" && "$NODE" --import tsx "$PROGRAM"; find "$CACHE_DIR" -type f`;
    const said = await fetchElsewhere(['exec unshare --user --map-root-user --mount sh -c "$0"', script], mount);
    expect(said).toMatch(/^DiskFull There is no room .* \(ENOSPC\)/);
    // Whatever is left would follow.
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(await readdir(mount)).toEqual([]);
  });
});

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
