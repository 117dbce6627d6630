import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ZipFile } from 'yauzl';
import { createGuard } from '../../activities/releases/unpack-guard.js';
import { failureOf, useReleaseBench } from './release-bench.js';
import { releaseAt, releaseEntries, tarOf, VERSION, ZIP_ARCHIVE, type TarEntry } from './release-support.js';
import { zipOf, type ZipEntry } from './release-zip.js';

const top = `istio-${VERSION}`;
const MIB = 1024 ** 2;
const bench = useReleaseBench(tarOf(releaseEntries()));

/** The archive is refused with this sentence, and nothing of it is left: neither in the cache nor beside it. */
async function expectRefused(fetching: ReturnType<typeof bench.fetchIt>, sentence: RegExp): Promise<void> {
  const failure = await failureOf(fetching);
  expect(failure).toMatchObject({ type: 'ArchiveInvalid', nonRetryable: true });
  expect(failure.message).toMatch(sentence);
  expect(await bench.unpacked()).toEqual([]);
  expect(await readdir(bench.cacheDir())).toEqual(['releases']);
}

describe('a tar archive that is signed and harmless', () => {
  it('is unpacked as far as a run needs it, with modes that let nobody else write', async () => {
    const odd = { path: `${top}/samples/odd.sh`, content: 'exit 0', mode: 0o6777 };
    bench.offer(tarOf([...releaseEntries(), odd]));
    const { dir, istioctl } = await bench.fetchIt();
    expect((await readdir(dir)).toSorted()).toEqual(['bin', 'manifests', 'samples']);
    expect((await stat(join(dir, 'samples/odd.sh'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(dir, 'samples/noise'))).mode & 0o7777).toBe(0o644);
    expect((await stat(istioctl)).mode & 0o7777).toBe(0o755);
  });

  it('may hold things that compress well', async () => {
    bench.offer(tarOf([...releaseEntries(), { path: `${top}/samples/big`, content: Buffer.alloc(MIB / 2) }]));
    expect((await stat(join((await bench.fetchIt()).dir, 'samples/big'))).size).toBe(MIB / 2);
  });
});

describe('a tar archive that is signed and yet wrong', () => {
  it.each<[string, readonly TarEntry[], RegExp]>([
    ['climbs out', [{ path: `${top}/../../evil`, content: 'x' }], /entry ".*evil" leads out of it/],
    ['climbs out and back', [{ path: `${top}/bin/../bin/x`, content: 'x' }], /entry ".*bin\/x" leads out of it/],
    ['is absolute', [{ path: '/tmp/evil', content: 'x' }], /entry "\/tmp\/evil" leads out of it/],
    ['has a backslash', [{ path: `${top}\\evil`, content: 'x' }], /leads out of it/],
    ['has a second top folder', [{ path: 'other/file', content: 'x' }], /is not in istio-9.9.9-test.1\//],
    ['has a folder that only begins alike', [{ path: `${top}x/file`, content: 'x' }], /is not in/],
    ['links out', [{ path: `${top}/out`, type: 'SymbolicLink', linkpath: '../../etc' }], /is a SymbolicLink/],
    ['links inside', [{ path: `${top}/samples/in`, type: 'SymbolicLink', linkpath: 'noise' }], /is a SymbolicLink/],
    ['has a hard link', [{ path: `${top}/bin/hard`, type: 'Link', linkpath: `${top}/bin/istioctl` }], /is a Link/],
    ['has a file where a folder must be', [{ path: `${top}/bin/istioctl/x`, content: 'x' }], /cannot be laid down/],
    ['announces too much', [{ path: `${top}/samples/huge`, size: 4 * 1024 * MIB }], /more than 1073741824 bytes/],
    [
      'is a bomb',
      [{ path: `${top}/samples/zeros`, content: Buffer.alloc(4 * MIB) }],
      /more than 100 times its own size/,
    ],
  ])('%s', async (_, extra, sentence) => {
    bench.offer(tarOf([...releaseEntries(), ...extra]));
    await expectRefused(bench.fetchIt(), sentence);
    expect(existsSync(join(bench.cacheDir(), 'evil'))).toBe(false);
  });

  it.each<[string, Buffer, RegExp]>([
    ['no tar', Buffer.from('just text'), /not what it should be/],
    ['an empty tar', tarOf([]), /Unrecognized archive format/],
    ['a tar that ends in its middle', tarOf(releaseEntries()).subarray(0, 700), /unexpected end of file/],
    ['a bomb behind the end of the tar', bombAfterTheEnd(), /more than 100 times its own size/],
    ['a tar that is compressed twice', gzipSync(tarOf(releaseEntries())), /it is compressed twice/],
    ['a tar without istioctl', tarOf([{ path: `${top}/README`, content: 'x' }]), /it holds no bin\/istioctl/],
    ['a tar with an empty istioctl', tarOf([{ path: `${top}/bin/istioctl` }]), /it holds no bin\/istioctl/],
    [
      'a tar whose istioctl does not run',
      tarOf([{ path: `${top}/bin/istioctl`, content: '#!/nowhere\n' }]),
      /istioctl does not run/,
    ],
    ['another version', tarOf(releaseEntries('1.6.13')), /does not say that it is 9.9.9-test.1/],
    ['a longer version', tarOf(releaseEntries(`${VERSION}1`)), /does not say that it is 9.9.9-test.1/],
  ])('is %s', async (_, content, sentence) => {
    bench.offer(content);
    await expectRefused(bench.fetchIt(), sentence);
  });

  /** No header announces what follows the end of a tar: only whoever counts the bytes themselves notices. */
  function bombAfterTheEnd(): Buffer {
    return Buffer.concat([tarOf(releaseEntries()), gzipSync(Buffer.alloc(8 * MIB))]);
  }
});

describe('a zip archive for Windows', () => {
  afterEach(() => vi.restoreAllMocks());

  const good: readonly ZipEntry[] = [
    { path: `${top}/`, mode: 0o040755 },
    { path: `${top}/bin/istioctl.exe`, content: 'MZ', mode: 0 },
    { path: `${top}/manifests/profiles/asm-multicloud.yaml`, content: 'spec: {}\n' },
    { path: `${top}/samples/` },
    { path: `${top}/LICENSE`, content: 'do as you like\n' },
  ];
  const fetchZip = (...entries: readonly ZipEntry[]) => {
    bench.offer(zipOf(entries), bench.key, ZIP_ARCHIVE);
    return bench.fetchIt({ platform: 'win32' });
  };

  it('is proven and unpacked on any machine; that its istioctl was not asked is told', async () => {
    const { dir, istioctl, versionProven } = await fetchZip(...good);
    expect(istioctl).toBe(join(dir, 'bin/istioctl.exe'));
    expect(versionProven).toBe(false);
    expect((await readdir(dir)).toSorted()).toEqual(['bin', 'manifests', 'samples']);
    expect(await readFile(join(dir, 'manifests/profiles/asm-multicloud.yaml'), 'utf8')).toBe('spec: {}\n');
    expect((await stat(istioctl)).mode & 0o7777).toBe(0o755);
  });

  it('is not unpacked before its signature was proven', async () => {
    bench.offer(zipOf(good), bench.key, ZIP_ARCHIVE);
    bench.server().files.set(ZIP_ARCHIVE, zipOf(good.slice(1)));
    const failure = await failureOf(bench.fetchIt({ platform: 'win32' }));
    expect(failure.type).toBe('SignatureInvalid');
    expect([...(await bench.unpacked()), ...(await bench.archives())]).toEqual([]);
  });

  it.each<[string, readonly ZipEntry[], RegExp]>([
    ['climbs out', [{ path: `${top}/../../evil` }], /relative path: .*evil/],
    ['is absolute', [{ path: '/tmp/evil' }], /absolute path: \/tmp\/evil/],
    ['names a drive', [{ path: 'C:/evil' }], /absolute path: C:\/evil/],
    ['has a backslash', [{ path: `${top}\\evil` }], /invalid characters in fileName/],
    ['has a second top folder', [{ path: 'other/file' }], /is not in istio-9.9.9-test.1\//],
    ['links', [{ path: `${top}/bin/link`, content: '../../etc', mode: 0o120777 }], /is a SymbolicLink/],
    ['has a pipe', [{ path: `${top}/bin/pipe`, mode: 0o010644 }], /is a special file/],
    ['is encrypted', [{ path: `${top}/bin/secret`, content: 'x', encrypted: true }], /is encrypted/],
    ['names a file twice', [{ path: `${top}/bin/istioctl.exe`, content: 'x' }], /cannot be laid down: EEXIST/],
    ['announces too much', [{ path: `${top}/samples/huge`, size: 2 * 1024 * MIB }], /more than 1073741824 bytes/],
    ['is a bomb', [{ path: `${top}/samples/zeros`, content: Buffer.alloc(4 * MIB) }], /more than 100 times/],
    [
      'is a bomb that denies it',
      [{ path: `${top}/samples/zeros`, content: Buffer.alloc(4 * MIB), size: 10 }],
      /too many bytes/,
    ],
  ])('%s', async (_, extra, sentence) => {
    await expectRefused(fetchZip(...good, ...extra), sentence);
    expect(existsSync(join(bench.cacheDir(), 'evil'))).toBe(false);
  });

  it('is refused with a sentence as well where its file is slow to read, and the place for an entry is taken', async () => {
    vi.spyOn(ZipFile.prototype, 'openReadStreamPromise').mockImplementation(async function (this: ZipFile, entry) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return promisify(this.openReadStream.bind(this))(entry);
    });
    const twice = { path: `${top}/bin/istioctl.exe`, content: 'x' };
    await expectRefused(fetchZip(...good, twice), /cannot be laid down: EEXIST/);
  });

  it.each<[string, Buffer, RegExp]>([
    ['no zip', tarOf(releaseEntries()), /not what it should be: .*end of central directory/i],
    ['an empty zip', zipOf([]), /it holds nothing/],
    ['cut', zipOf(good).subarray(0, -30), /not what it should be/],
    ['without istioctl', zipOf(good.slice(2)), /it holds no bin\/istioctl.exe/],
  ])('is %s', async (_, content, sentence) => {
    bench.offer(content, bench.key, ZIP_ARCHIVE);
    await expectRefused(bench.fetchIt({ platform: 'win32' }), sentence);
  });
});

describe('the guard', () => {
  it('refuses more entries than any release has', () => {
    const guard = createGuard(top, 1000, { entries: 2, bytes: MIB, ratio: 100 });
    guard.admit({ path: `${top}/bin/a`, kind: 'file', size: 1 });
    guard.admit({ path: `${top}/bin/b`, kind: 'file', size: 1 });
    expect(() => guard.admit({ path: `${top}/bin/c`, kind: 'file', size: 1 })).toThrow(/more than 2 entries/);
  });

  it('looks at what stays in the archive too', async () => {
    bench.offer(tarOf([...releaseEntries(), { path: `${top}/tools/link`, type: 'SymbolicLink', linkpath: 'dump.sh' }]));
    await expectRefused(bench.fetchIt({ release: releaseAt(bench.server().baseUrl, bench.key) }), /is a SymbolicLink/);
  });
});
