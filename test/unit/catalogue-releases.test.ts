import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../../settings/catalogue.js';
import { parseSettings, SettingsError, type Settings } from '../../settings/settings.js';

const VERSION = '1.6.14-asm.2';
const none = { releases: [], mirrors: {} };
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
    const catalogue = loadCatalogue({ releases: [added, replaced], mirrors: {} }, {});
    expect(catalogue.releases.map(({ version }) => version)).toEqual([VERSION, '1.6.15-asm.1']);
    expect(catalogue.find(VERSION)?.profile).toBe('default');
  });

  it('sends one version to a mirror, with or without a key of its own', () => {
    const publicKey = pem('prime256v1');
    const mirrored = loadCatalogue({ releases: [], mirrors: { [VERSION]: { baseUrl: 'http://mirror/asm' } } }, {});
    expect(mirrored.find(VERSION)).toEqual({ ...builtIn(), baseUrl: 'http://mirror/asm' });
    const signed = loadCatalogue({ releases: [], mirrors: { [VERSION]: { publicKey } } }, {});
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
    ['no key at all', { mirrors: { [VERSION]: { publicKey: 'BEGIN PUBLIC KEY' } } }, /cannot be read/],
  ])('refuses %s with a sentence', (_, wrong, sentence) => {
    const load = () => loadCatalogue({ ...none, ...wrong }, {});
    expect(load).toThrow(SettingsError);
    expect(load).toThrow(sentence);
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
    expect(loadCatalogue(none, env).find(VERSION)).toEqual({
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
