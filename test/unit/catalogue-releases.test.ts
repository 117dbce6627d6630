import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { releaseEntrySchema } from '../../domain/release-entry.js';
import { needsSourceArchive, sourceReleaseOf } from '../../domain/release.js';
import { loadCatalogue } from '../../settings/catalogue.js';
import { downloadRefusal } from '../../settings/download-policy.js';
import { parseSettings, SettingsError, type Settings } from '../../settings/settings.js';

const VERSION = '1.6.14-asm.2';
const none: Pick<Settings, 'releases' | 'mirrors' | 'downloads'> = {
  releases: [],
  mirrors: {},
  downloads: { hosts: [], loopbackHttp: false },
};
const loopback = { downloads: { hosts: [], loopbackHttp: true } };
const pem = (curve: string) =>
  generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
const builtIn = () => loadCatalogue(none, {}).find(VERSION)!;

describe('the built-in catalogue', () => {
  it('has the release of the guide, with its addresses and its key', () => {
    expect(builtIn()).toMatchObject({
      version: VERSION,
      revision: 'asm-1614-2',
      profile: 'asm-multicloud',
      sources: [
        { minor: '1.6', minPatch: 4 },
        { minor: '1.5', minPatch: 4 },
      ],
      routes: [{ from: '1.4', minPatch: 5, via: '1.5' }],
      kubernetes: { min: '1.15', max: '1.21' },
      baseUrl: 'https://storage.googleapis.com/gke-release/asm',
      signatureSuffix: '.1.sig',
      archives: {
        linux: { file: 'istio-1.6.14-asm.2-linux-amd64.tar.gz' },
        darwin: { file: 'istio-1.6.14-asm.2-osx.tar.gz' },
        win32: { file: 'istio-1.6.14-asm.2-win.zip' },
      },
    });
    expect(builtIn().publicKey).toContain('\nwQfk16sxprI2gOJ2vFFggdq3ixF2h4qNBt0kI7ciDhgpwS8t+/960IsIgw==\n');
  });

  it('says null for a release that it does not have', () => {
    expect(loadCatalogue(none, {}).find('1.7.0')).toBeNull();
  });
});

describe('what the configuration says', () => {
  it('adds releases, and puts one of the same version in the place of the built-in', () => {
    const added = { ...builtIn(), version: '1.6.15-asm.1', revision: 'asm-1615-1' };
    const replaced = { ...builtIn(), profile: 'default' };
    const catalogue = loadCatalogue({ ...none, releases: [added, replaced] }, {});
    expect(catalogue.releases.map(({ version }) => version)).toEqual([VERSION, '1.6.15-asm.1']);
    expect(catalogue.find(VERSION)?.profile).toBe('default');
  });

  it('sends one version to a mirror, with or without a key of its own', () => {
    const publicKey = pem('prime256v1');
    const mirrored = loadCatalogue({ ...none, mirrors: { [VERSION]: { baseUrl: 'https://mirror/asm' } } }, {});
    expect(mirrored.find(VERSION)).toEqual({ ...builtIn(), baseUrl: 'https://mirror/asm' });
    const signed = loadCatalogue({ ...none, mirrors: { [VERSION]: { publicKey } } }, {});
    expect(signed.find(VERSION)).toEqual({ ...builtIn(), publicKey });
  });

  it('takes what the configuration file says', () => {
    const settings = parseSettings(`mirrors: { '${VERSION}': { baseUrl: 'file:///srv/asm' } }`, '/etc/config.yaml');
    expect(loadCatalogue(settings, {}).find(VERSION)?.baseUrl).toBe('file:///srv/asm');
  });

  it.each<[string, Partial<Settings>, RegExp]>([
    ['an unknown mirror', { mirrors: { '1.6.41': { baseUrl: 'http://m' } } }, /release "1.6.41".*only "1.6.14-asm.2"/],
    ['the same release twice', { releases: [builtIn(), builtIn()] }, /adds release "1.6.14-asm.2" twice/],
    ['another curve', { mirrors: { [VERSION]: { publicKey: pem('secp384r1') } } }, /is no ECDSA P-256 key/],
    ['plain http', { mirrors: { [VERSION]: { baseUrl: 'http://m/asm' } } }, /from http:\/\/m\/asm: plain http: is not/],
    ['http to this machine', { mirrors: { [VERSION]: { baseUrl: 'http://127.0.0.1/' } } }, /needs `downloads: \{ loop/],
    [
      'a password',
      { mirrors: { [VERSION]: { baseUrl: 'https://me:pw@m/' } } },
      /https:\/\/\(redacted\)@m\/: a URL must/,
    ],
    ['a query', { mirrors: { [VERSION]: { baseUrl: 'https://m/?a=b' } } }, /it has no \? and no #/],
    ['a file on a host', { mirrors: { [VERSION]: { baseUrl: 'file://m/asm' } } }, /names no host/],
    ['no key at all', { mirrors: { [VERSION]: { publicKey: 'BEGIN PUBLIC KEY' } } }, /cannot be read/],
  ])('refuses %s with a sentence', (_, wrong, sentence) => {
    const load = () => loadCatalogue({ ...none, ...wrong }, {});
    expect(load).toThrow(SettingsError);
    expect(load).toThrow(sentence);
  });
});

describe('where archives may come from', () => {
  it('is the hosts of the catalogue, and those that the configuration adds', () => {
    const text = `
      downloads: { hosts: [spare.example], loopbackHttp: true }
      mirrors: { '${VERSION}': { baseUrl: 'https://mirror.example:8443/asm' } }`;
    const { downloads } = loadCatalogue(parseSettings(text, '/etc/config.yaml'), {});
    expect([...downloads.hosts].toSorted()).toEqual(['mirror.example', 'spare.example']);
    expect(downloads.loopbackHttp).toBe(true);
  });

  it.each([
    ['https://mirror.example/a.tar.gz', null],
    ['https://mirror.example:8443/a.tar.gz', null],
    ['file:///srv/a.tar.gz', null],
    ['http://127.0.0.1:8000/a', /host 127.0.0.1 is not among those that archives may come from \(mirror.example\)/],
    ['https://other.example/a', /host other.example is not among/],
    ['https://mirror.example.evil.example/a', /is not among/],
    ['http://mirror.example/a', /plain http: is not allowed/],
    ['ftp://mirror.example/a', /ftp: is none of/],
  ])('says of %s: %s', (url, sentence) => {
    const refusal = downloadRefusal(new URL(url), { hosts: new Set(['mirror.example']), loopbackHttp: true });
    if (sentence === null) expect(refusal).toBeNull();
    else expect(refusal).toMatch(sentence);
  });

  it('is a list of plain names', () => {
    const load = () => parseSettings('downloads: { hosts: ["https://m"] }', '/etc/config.yaml');
    expect(load).toThrow(/a host is a plain lower-case name/);
  });
});

describe('a release entry', () => {
  const parse = (changes: object) => {
    const entry = (Object.entries({ ...builtIn(), ...changes }) as [string, unknown][]).filter(
      ([, value]) => value !== undefined,
    );
    return releaseEntrySchema.safeParse(Object.fromEntries(entry));
  };

  it('gets the name of its revision from its version', () => {
    expect(parse({ revision: undefined, version: '1.6.15-asm.1' }).data?.revision).toBe('asm-1615-1');
    expect(
      parse({ role: 'source', revision: undefined, version: '1.5.10-asm.1', sources: [], routes: [] }).data,
    ).toEqual({ ...builtIn(), role: 'source', revision: 'default', version: '1.5.10-asm.1', sources: [], routes: [] });
  });

  it.each([
    [{ revision: undefined, version: 'newest' }, /no revision name can be derived from "newest": name one/],
    [{ role: 'source' }, /it has neither sources nor routes/],
    [{ sources: [] }, /says in sources what may be upgraded to it/],
    [{ archives: {} }, /an archive for one platform at least/],
    [{ version: '../evil' }, /a version is letters/],
    [{ signatureSuffix: '/../x' }, /a suffix is letters/],
  ])('is refused with a sentence: %j', (changes, sentence) => {
    expect(z.prettifyError(parse(changes).error!)).toMatch(sentence);
  });

  it('of role source is found by exactly the version that it brings back', () => {
    const source = { ...builtIn(), role: 'source' as const, version: '1.5.10-asm.1' };
    expect(sourceReleaseOf([builtIn(), source], '1.5.10-asm.1')).toBe(source);
    expect(sourceReleaseOf([builtIn(), source], '1.5.10-asm.1-distroless')).toBe(source);
    expect(sourceReleaseOf([builtIn(), source], '1.5.10-asm.2')).toBeNull();
    expect(sourceReleaseOf([builtIn(), source], '1.5.10')).toBeNull();
    expect(sourceReleaseOf([builtIn()], VERSION)).toBeNull();
    expect([needsSourceArchive('1.5.10-asm.1'), needsSourceArchive('1.6.4')]).toEqual([true, false]);
  });
});

describe('what the environment says', () => {
  it('holds for every built-in release', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'meshlift-catalogue-'));
    const publicKey = pem('prime256v1');
    await writeFile(join(dir, 'key.pem'), publicKey);
    const env = {
      MESHLIFT_RELEASE_BASE_URL: 'http://127.0.0.1:1/asm',
      MESHLIFT_RELEASE_PUBLIC_KEY_FILE: join(dir, 'key.pem'),
    };
    expect(loadCatalogue({ ...none, ...loopback }, env).find(VERSION)).toEqual({
      ...builtIn(),
      baseUrl: env.MESHLIFT_RELEASE_BASE_URL,
      publicKey,
    });
    await rm(dir, { recursive: true });
  });

  it.each([
    [{ MESHLIFT_RELEASE_BASE_URL: 'ftp://x' }, /MESHLIFT_RELEASE_BASE_URL is "ftp:\/\/x"/],
    [{ MESHLIFT_RELEASE_PUBLIC_KEY_FILE: '/nowhere' }, /MESHLIFT_RELEASE_PUBLIC_KEY_FILE names \/nowhere/],
  ])('is refused with a sentence: %j', (env, sentence) => {
    expect(() => loadCatalogue(none, env)).toThrow(sentence);
  });
});
