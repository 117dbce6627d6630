/** Releases of current Istio: upstream signs no archives, so the catalogue names their digests. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { releaseEntrySchema } from '../../domain/release-entry.js';
import type { Release } from '../../domain/release.js';
import { loadCatalogue } from '../../settings/catalogue.js';
import { parseSettings } from '../../settings/settings.js';
import { meshlift } from './cli-support.js';
import { failureOf, useReleaseBench } from './release-bench.js';
import { newKey, releaseEntries, tarOf, VERSION } from './release-support.js';

const ISTIO = '1.31.0';
const FILE = `istio-${ISTIO}-linux-amd64.tar.gz`;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** What `istioctl version --remote=false` of current Istio prints. */
const saying = (says: string) =>
  tarOf(releaseEntries(`'${says}'`).map((entry) => ({ ...entry, path: entry.path.replace(VERSION, ISTIO) })));
const archive = saying(`client version: ${ISTIO}`);
const other = saying('client version: 1.31.1');
const bench = useReleaseBench(archive);

const entryOf = (changes: object = {}) => ({
  driver: 'istio-revisioned',
  version: ISTIO,
  archives: { linux: { sha256: sha256(archive) } },
  ...changes,
});
const parse = (changes: object = {}) => releaseEntrySchema.safeParse(entryOf(changes));
const release = (digest = sha256(archive)): Release =>
  releaseEntrySchema.parse(entryOf({ baseUrl: bench.server().baseUrl, archives: { linux: { sha256: digest } } }));

beforeEach(() => {
  bench.server().files.clear();
  bench.server().files.set(FILE, archive);
});

describe('the entry of a release of current Istio', () => {
  it('needs a version and digests; the rest follows', () => {
    expect(parse().data).toEqual({
      driver: 'istio-revisioned',
      version: ISTIO,
      role: 'target',
      revision: '1-31-0',
      profile: 'default',
      sources: [],
      routes: [],
      kubernetes: { min: '1.32', max: '1.36' },
      baseUrl: `https://storage.googleapis.com/istio-release/releases/${ISTIO}`,
      archives: { linux: { file: FILE, sha256: sha256(archive) } },
    });
    const archives = { darwin: { sha256: 'A'.repeat(64) }, win32: { sha256: 'b'.repeat(64) } };
    expect(parse({ archives }).data?.archives).toEqual({
      darwin: { file: `istio-${ISTIO}-osx-arm64.tar.gz`, sha256: 'a'.repeat(64) },
      win32: { file: `istio-${ISTIO}-win-amd64.zip`, sha256: 'b'.repeat(64) },
    });
  });

  it('keeps what it says itself', () => {
    const said = {
      revision: 'next',
      profile: 'ambient',
      kubernetes: { min: '1.30', max: '1.31' },
      baseUrl: 'https://mirror.example/istio',
      archives: { linux: { file: 'mine.tar.gz', sha256: 'c'.repeat(64) } },
    };
    expect(parse(said).data).toMatchObject(said);
  });

  it('may be signed by somebody else, and has then an archive for each platform', () => {
    const { publicKey } = newKey();
    const signed = { driver: 'istio-revisioned', version: ISTIO, publicKey, signatureSuffix: '.sig' };
    const parsed = releaseEntrySchema.parse(signed);
    expect(Object.keys(parsed.archives)).toEqual(['linux', 'darwin', 'win32']);
    expect(loadCatalogue(settings([signed]), {}).find(ISTIO)).toEqual(parsed);
  });

  const key = newKey().publicKey;
  it.each<[string, object, RegExp]>([
    [
      'without any proof',
      { archives: { linux: { file: FILE } } },
      /nothing proves the archive for linux: give its sha256/,
    ],
    [
      'with a proof of one archive only',
      { archives: { linux: { sha256: 'a'.repeat(64) }, darwin: {} } },
      /nothing proves the archive for darwin/,
    ],
    ['with digest and signature', { publicKey: key, signatureSuffix: '.sig' }, /by their signatures or by sha256/],
    ['with a key alone', { publicKey: key, archives: { linux: {} } }, /publicKey without signatureSuffix/],
    ['with a suffix alone', { signatureSuffix: '.sig', archives: { linux: {} } }, /signatureSuffix without publicKey/],
    ['with half a digest', { archives: { linux: { sha256: 'abc' } } }, /a sha256 is 64 hexadecimal digits/],
    [
      'with sources',
      { sources: [{ minor: '1.30', minPatch: 0 }] },
      /follows from the versions: leave sources and routes/,
    ],
    ['for the way back', { role: 'source' }, /needs no release of role "source"/],
    ['of an unknown driver', { driver: 'linkerd' }, /driver/],
    ['of a minor that nobody knows yet', { version: '1.99.0' }, /say which versions of Kubernetes it runs on/],
    ['with an unknown platform', { archives: { amiga: { sha256: 'a'.repeat(64) } } }, /amiga/],
    ['without any archive', { archives: {} }, /an archive for one platform at least/],
  ])('is refused %s', (_, changes, sentence) => expect(z.prettifyError(parse(changes).error!)).toMatch(sentence));
});

describe('the catalogue', () => {
  it('allows the host of upstream, and mirrors without a key', () => {
    const mirrors = { [ISTIO]: { baseUrl: 'https://mirror.example/istio' } };
    const catalogue = loadCatalogue(settings([entryOf()], mirrors), {});
    expect(catalogue.find(ISTIO)?.baseUrl).toBe('https://mirror.example/istio');
    expect(catalogue.downloads.hosts.has('mirror.example')).toBe(true);
    expect(() => loadCatalogue(settings([entryOf()], { [ISTIO]: { publicKey: newKey().publicKey } }), {})).toThrow(
      /Release "1.31.0" is proven by the sha256 of its archives/,
    );
  });
});

describe('fetching it', () => {
  it('asks for no signature, and unpacks what has the digest', async () => {
    const fetched = await bench.fetchIt({ release: release() });
    expect(fetched).toMatchObject({ digest: sha256(archive), versionProven: true });
    expect(bench.server().requests).toEqual([FILE]);
    expect(await bench.archives()).toEqual([FILE]);
    await bench.server().close();
    expect(await bench.fetchIt({ release: release() })).toEqual(fetched);
  });

  it('leaves nothing of an archive with another digest', async () => {
    const failure = await failureOf(bench.fetchIt({ release: release('0'.repeat(64)) }));
    expect(failure).toMatchObject({ type: 'SignatureInvalid', nonRetryable: true });
    expect(failure.message).toMatch(/has another SHA-256 than 0{64}\. It was deleted; nothing was unpacked\.$/);
    expect([await bench.archives(), await bench.unpacked()]).toEqual([[], []]);
  });

  it('trusts no cache: neither a changed archive, nor one of a digest that is not wanted any more', async () => {
    await bench.fetchIt({ release: release() });
    await writeFile(join(bench.cacheDir(), 'releases/archives', FILE), other);
    expect((await bench.fetchIt({ release: release() })).digest).toBe(sha256(archive));
    expect(bench.server().requests).toEqual([FILE, FILE]);
    await failureOf(bench.fetchIt({ release: release(sha256(other)) }));
  });

  it('fetches all of it once more when the beginning was of another file', async () => {
    await bench.fetchIt({ release: release() });
    const archives = join(bench.cacheDir(), 'releases/archives');
    await rm(join(archives, FILE));
    await writeFile(join(archives, `${FILE}.part`), other.subarray(0, 200));
    expect((await bench.fetchIt({ release: release() })).digest).toBe(sha256(archive));
  });

  it('refuses an istioctl that says another version, whatever the digest says', async () => {
    bench.server().files.set(FILE, other);
    const failure = await failureOf(bench.fetchIt({ release: release(sha256(other)) }));
    expect(failure).toMatchObject({ type: 'ArchiveInvalid' });
    expect(await bench.unpacked()).toEqual([]);
  });
});

describe('the commands', () => {
  let dir = '';
  let env: NodeJS.ProcessEnv;
  const configure = (entry: object) =>
    writeFile(join(dir, 'config.yaml'), stringify({ releases: [entry], downloads: { loopbackHttp: true } }));
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'meshlift-digest-cli-'));
    env = { MESHLIFT_CONFIG: join(dir, 'config.yaml'), MESHLIFT_CACHE_DIR: bench.cacheDir(), MESHLIFT_DATA_DIR: dir };
    await configure(entryOf({ baseUrl: bench.server().baseUrl }));
    await writeFile(join(dir, FILE), archive);
    await writeFile(join(dir, 'other.tar.gz'), other);
  });
  afterEach(() => rm(dir, { recursive: true }));
  const run = (...args: readonly string[]) => meshlift(['releases', ...args], env);

  it('verify by the catalogue, under whatever name', async () => {
    const file = join(dir, FILE);
    const result = await run('verify', file);
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toBe(
      `Verified OK: ${file} has the SHA-256 of ${ISTIO} in the catalogue\nsha256 ${sha256(archive)}\n`,
    );
    const wrong = await run('verify', join(dir, 'other.tar.gz'), '--release', ISTIO);
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain(`has not the SHA-256 of ${ISTIO} in the catalogue, ${sha256(archive)}. Do not use`);
  });

  it('verify by a digest that is given', async () => {
    const file = join(dir, 'other.tar.gz');
    expect(await run('verify', file, '--sha256', sha256(other).toUpperCase())).toMatchObject({ code: 0, err: '' });
    expect(await run('verify', file, '--sha256', sha256(archive))).toMatchObject({ code: 1, out: '' });
    expect((await run('verify', file, '--sha256', 'abc')).err).toContain('"abc" is no SHA-256');
    expect(await run('verify', file, '--sha256', sha256(other), '--key', 'x')).toMatchObject({ code: 2 });
  });

  it('fetch what has the digest, and nothing else', async () => {
    const result = await run('fetch', ISTIO, '--platform', 'linux');
    expect(result.code).toBe(0);
    expect(result.out).toContain(`Verified OK, by the SHA-256 of ${ISTIO} in the catalogue`);
    bench.server().files.set(FILE, other);
    await rm(join(bench.cacheDir(), 'releases'), { recursive: true });
    const wrong = await run('fetch', ISTIO, '--platform', 'linux');
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain('has another SHA-256 than');
    expect(existsSync(join(bench.cacheDir(), 'releases', sha256(other)))).toBe(false);
  });

  it('add an entry of a few lines', async () => {
    await writeFile(join(dir, 'config.yaml'), '');
    await writeFile(join(dir, 'entry.yaml'), stringify(entryOf()));
    expect(await run('add', join(dir, 'entry.yaml'))).toMatchObject({
      code: 0,
      out: `Added ${ISTIO} (target) to ${join(dir, 'config.yaml')}.\n`,
    });
  });
});

function settings(releases: readonly object[], mirrors: object = {}) {
  return parseSettings(stringify({ releases, mirrors }), '/etc/config.yaml');
}
