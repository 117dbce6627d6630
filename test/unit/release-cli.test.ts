import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { fetchPatiently } from '../../cli/releases/fetch.js';
import { processContext } from '../../cli/client/context.js';
import { localPlaces } from '../../cli/releases/local.js';
import { meshlift, sendJson, startServer } from './cli-support.js';
import { useReleaseBench } from './release-bench.js';
import {
  ARCHIVE,
  newKey,
  releaseAt,
  releaseEntries,
  signatureOf,
  tarOf,
  VERSION,
  ZIP_ARCHIVE,
} from './release-support.js';
import { zipOf } from './release-zip.js';

const archive = tarOf(releaseEntries());
const digest = createHash('sha256').update(archive).digest('hex');
const bench = useReleaseBench(archive);
const { key } = bench;

let dir: string;
let config: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meshlift-releases-cli-'));
  config = join(dir, 'config.yaml');
  env = { MESHLIFT_CONFIG: config, MESHLIFT_CACHE_DIR: bench.cacheDir(), MESHLIFT_DATA_DIR: dir };
  await writeFile(config, stringify({ releases: [entry()], downloads: { loopbackHttp: true } }));
});
afterEach(() => rm(dir, { recursive: true }));

const entry = () => ({ ...releaseAt(bench.server().baseUrl, key), sources: [{ minor: '1.6', minPatch: 4 }] });
const run = (...args: readonly string[]) => meshlift(['releases', ...args], env);
const file = (name: string) => join(dir, name);

async function lay(name: string, content: string | Buffer): Promise<string> {
  await writeFile(file(name), content);
  return file(name);
}

describe('releases list', () => {
  it.each([
    ['table', /^VERSION +ROLE +REVISION .*\n9.9.9-test.1 +target +test-999-1 /],
    ['json', /^\[\n {2}\{\n {4}"version": "9.9.9-test.1"/],
    ['yaml', /^- version: 9.9.9-test.1\n/],
  ])('asks the server, and prints a %s', async (output, text) => {
    const server = await startServer((_, response) => {
      sendJson(response, 200, { items: [entry()] });
    });
    env = { ...env, MESHLIFT_SERVER: server.url, MESHLIFT_TOKEN: 'token' };
    const result = await run('list', '-o', output);
    await server.close();
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toMatch(text);
    expect(server.seen.map(({ path }) => path)).toEqual(['/v1/releases']);
  });
});

describe('releases verify', () => {
  it('proves an archive that is here, by the name of the file', async () => {
    await lay(`${ARCHIVE}.1.sig`, signatureOf(archive, key));
    const result = await run('verify', await lay(ARCHIVE, archive));
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toBe(`Verified OK: ${file(ARCHIVE)} is signed by the key of ${VERSION}\nsha256 ${digest}\n`);
    expect(existsSync(join(bench.cacheDir(), 'releases'))).toBe(false);
  });

  it('takes another name, signature and key', async () => {
    const other = newKey();
    await lay('mine.sig', signatureOf(archive, other));
    await lay('mine.pem', other.publicKey);
    const flags = ['--signature', file('mine.sig'), '--key', file('mine.pem')];
    expect(await run('verify', await lay('mine.tar.gz', archive), ...flags)).toMatchObject({ code: 0 });
    expect(await run('verify', file('mine.tar.gz'), '--release', VERSION, '--signature', file('mine.sig'))).toEqual({
      code: 1,
      out: '',
      err: `meshlift: ${file('mine.sig')} is no signature of ${file('mine.tar.gz')} by the key of ${VERSION}. Do not use this archive.\n`,
    });
  });

  it.each([
    ['an archive of no release', ['other.tar.gz'], /No release of the catalogue has an archive named other.tar.gz/],
    ['an unknown release', ['x', '--release', '1.7.0'], /no release "1.7.0"; it has: 1.6.14-asm.2, 9.9.9-test.1/],
    ['a missing signature', [ARCHIVE], /\.1\.sig cannot be read: ENOENT/],
    ['a missing archive', [ARCHIVE, '--signature', 'config.yaml'], /tar.gz cannot be used: ENOENT/],
    ['a key that is none', [ARCHIVE, '--signature', 'config.yaml', '--key', 'config.yaml'], /cannot be used: /],
  ])('says what is wrong with %s: exit code 2', async (_, [name = '', ...flags], sentence) => {
    if (flags.includes('--key')) await lay(name, archive);
    const result = await run('verify', file(name), ...flags.map((flag) => (flag === 'config.yaml' ? config : flag)));
    expect(result).toMatchObject({ code: 2, out: '' });
    expect(result.err).toMatch(sentence);
    expect(result.err).toContain('Nothing was verified.');
  });
});

describe('releases fetch', () => {
  const context = (say: (text: string) => void = () => undefined) => ({
    ...processContext(process),
    out: say,
    err: say,
    tty: true,
  });

  it('lays the release down where the worker of this machine finds it', async () => {
    const result = await run('fetch', VERSION, '--platform', 'linux');
    expect(result.code).toBe(0);
    expect(result.out).toContain(`sha256     ${digest}`);
    expect(result.out).toContain(`folder     ${join(bench.cacheDir(), 'releases', digest)}`);
    expect(result.err).toMatch(/MB \(100 %\)\n$/);
  });

  it('says that the istioctl of another platform was not asked for its version', async () => {
    const top = `istio-${VERSION}`;
    bench.offer(zipOf([{ path: `${top}/bin/istioctl.exe`, content: 'MZ' }]), key, ZIP_ARCHIVE);
    const result = await run('fetch', VERSION, '--platform', 'win32');
    expect(result).toMatchObject({ code: 0 });
    expect(result.out).toContain(`not asked: an istioctl for win32 does not run on ${process.platform}`);
  });

  it('tries again what can heal, goes on where it was cut, and draws how far it is', async () => {
    bench.server().faults.push('stalls', 'stalls');
    const said: string[] = [];
    // Cut only after some of it was seen to arrive: so it is known that there is something to go on from.
    const say = (text: string) => {
      said.push(text);
      if (text.startsWith('\r') && said.filter((one) => one.startsWith('\r')).length <= 2) bench.server().cut();
    };
    const places = await localPlaces({}, env);
    const { signal } = new AbortController();
    const fetching = { release: places.catalogue.find(VERSION)!, platform: 'linux' as const, places, signal };
    const fetched = await fetchPatiently({ ...fetching, firstWaitMs: 1 }, context(say));
    expect(fetched.digest).toBe(digest);
    expect(said.filter((text) => text.includes('Trying again'))).toHaveLength(2);
    expect(said[0]).toMatch(/^\r█+░+ {2}0\.0 of 0\.0 MB \(\d+ %\)/);
    expect(bench.server().requests.filter((request) => request.includes('bytes='))).toHaveLength(2);
  });

  it('gives up after five tries, with the last reason', async () => {
    bench.server().faults.push('dies', 'dies', 'dies', 'dies', 'dies');
    bench.server().files.set(ARCHIVE, Buffer.concat([archive, archive, archive, archive]));
    const places = await localPlaces({}, env);
    const { signal } = new AbortController();
    const fetching = { release: places.catalogue.find(VERSION)!, platform: 'linux' as const, places, signal };
    await expect(fetchPatiently({ ...fetching, firstWaitMs: 1 }, context())).rejects.toThrow(/could not be downloaded/);
    expect(bench.server().faults).toEqual([]);
  });

  it.each([
    ['a failure of the archive', [VERSION, '--platform', 'linux'], 1, /is not signed by the key of that release/],
    ['an unknown version', ['1.7.0'], 2, /no release "1.7.0"; it has: .*\n {2}Nothing was fetched/],
    ['an unknown platform', [VERSION, '--platform', 'aix'], 2, /Allowed choices are linux, darwin, win32/],
  ])('ends with an exit code after %s', async (_, args, code, sentence) => {
    bench.offer(archive, newKey());
    const result = await run('fetch', ...args);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toMatch(sentence);
  });
});

describe('releases add', () => {
  const commented = '# who may be upgraded\nclusters: [] # none yet\nreleases: []\ndownloads: { loopbackHttp: true }\n';
  const source = (changes: object = {}) => {
    const { profile, kubernetes, signatureSuffix } = releaseAt('https://x', key);
    const archives = { linux: { file: 'istio-1.5.10-asm.1-linux-amd64.tar.gz' } };
    const base = { version: '1.5.10-asm.1', role: 'source', profile, kubernetes, signatureSuffix, archives };
    const baseUrl = 'https://storage.googleapis.com/mine';
    return stringify({ ...base, publicKey: key.publicKey, baseUrl, ...changes });
  };

  it('keeps the comments of the configuration and of the entry', async () => {
    await writeFile(config, commented, { mode: 0o640 });
    const result = await run('add', await lay('entry.yaml', `# for the way back\n${source()}`));
    expect(result).toMatchObject({ code: 0, out: `Added 1.5.10-asm.1 (source) to ${config}.\n` });
    const text = await readFile(config, 'utf8');
    expect(text).toMatch(/^# who may be upgraded\nclusters: \[\] # none yet\nreleases:\n/);
    expect(text).toContain('# for the way back\n');
    expect(parse(text)).toMatchObject({ releases: [{ version: '1.5.10-asm.1' }], downloads: { loopbackHttp: true } });
    expect((await localPlaces({}, env)).catalogue.find('1.5.10-asm.1')).toMatchObject({ revision: 'default' });
  });

  it('adds to what is there, and through a link', async () => {
    await symlink(config, file('link.yaml'));
    env = { ...env, MESHLIFT_CONFIG: file('link.yaml') };
    expect(await run('add', await lay('entry.yaml', source()))).toMatchObject({ code: 0 });
    const { releases } = parse(await readFile(config, 'utf8')) as { releases: { version: string }[] };
    expect(releases.map(({ version }) => version)).toEqual([VERSION, '1.5.10-asm.1']);
    expect((await readdir(dir)).toSorted()).toEqual(['config.yaml', 'entry.yaml', 'link.yaml']);
  });

  it('makes a configuration where there is none', async () => {
    env = { XDG_CONFIG_HOME: dir, MESHLIFT_DATA_DIR: dir };
    expect(await run('add', await lay('entry.yaml', source()))).toMatchObject({ code: 0 });
    expect((await stat(file('meshlift/config.yaml'))).mode & 0o777).toBe(0o600);
  });

  it.each<[string, string, RegExp]>([
    ['is no YAML', 'a: [', /is not valid YAML/],
    ['is no entry', 'version: 1.5.10-asm.1', /is no entry of a release:\n(.*\n)*.*→ at baseUrl/],
    ['is there already', 'same', /The catalogue has release "9.9.9-test.1" already/],
    ['names another host', source({ baseUrl: 'https://elsewhere.example/x' }), /host elsewhere.example is not among/],
    ['names plain http', source({ baseUrl: 'http://elsewhere.example/x' }), /plain http: is not allowed/],
    [
      'has a key that is none',
      source({ publicKey: 'BEGIN PUBLIC KEY' }),
      /key of release "1.5.10-asm.1" cannot be read/,
    ],
  ])('writes nothing when the entry %s', async (_, text, sentence) => {
    const before = await readFile(config, 'utf8');
    const result = await run('add', await lay('entry.yaml', text === 'same' ? stringify(entry()) : text));
    expect(result).toMatchObject({ code: 2, out: '' });
    expect(result.err).toMatch(sentence);
    expect(await readFile(config, 'utf8')).toBe(before);
    expect((await readdir(dir)).toSorted()).toEqual(['config.yaml', 'entry.yaml']);
  });
});
