import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../cli/serve/configuration.js';
import { lockDataDir } from '../../cli/serve/data-lock.js';
import { createEndpointFile } from '../../cli/serve/endpoint.js';
import { createTeardown } from '../../cli/serve/teardown.js';
import { ensureToken } from '../../cli/serve/token.js';
import { identify } from '../../settings/process-identity.js';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'meshlift-data-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

describe('the token', () => {
  it('is made once, long enough, and for its owner only', async () => {
    const file = join(dir, 'token');
    const token = ensureToken(file);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(ensureToken(file)).toBe(token);
    expect(await modeOf(file)).toBe('600');
    expect(await readdir(dir)).toEqual(['token']);
  });

  it('that others may read is closed to them again', async () => {
    const file = join(dir, 'token');
    await writeFile(file, `${'a'.repeat(43)}\n`, { mode: 0o644 });
    expect(ensureToken(file)).toBe('a'.repeat(43));
    expect(await modeOf(file)).toBe('600');
  });

  it.each(['', '  \n', 'short', 'two words that are long enough'])('is never %j', async (text) => {
    const file = join(dir, 'token');
    await writeFile(file, text);
    expect(() => ensureToken(file)).toThrow(/does not hold a token/);
  });
});

describe('the lock of the data folder', () => {
  it('keeps a second server out, and names the first', () => {
    const file = join(dir, 'lock');
    const lock = lockDataDir(file);
    expect(() => lockDataDir(file)).toThrow(new RegExp(`Process ${process.pid}, another .meshlift serve.`));
    lock.release();
    lockDataDir(file).release();
    expect(existsSync(file)).toBe(false);
  });

  it('of a dead process is taken over, also when its number is in use again', async () => {
    const file = join(dir, 'lock');
    await writeFile(file, JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    lockDataDir(file).release();
    await writeFile(file, 'torn');
    lockDataDir(file).release();
    expect(await readdir(dir)).toEqual([]);
  });

  it('of somebody else is not released', async () => {
    const file = join(dir, 'lock');
    const lock = lockDataDir(file);
    const other = JSON.stringify({ ...identify(process.ppid) });
    await writeFile(file, other);
    lock.release();
    expect(await readFile(file, 'utf8')).toBe(other);
  });
});

describe('the endpoint file', () => {
  it('appears with the address, follows the processes, and goes for good', async () => {
    const file = join(dir, 'endpoint.json');
    await writeFile(file, '{"url":"http://127.0.0.1:1"}');
    const endpoint = createEndpointFile(file);
    endpoint.update({ temporalPid: 5 });
    expect(existsSync(file)).toBe(false);
    endpoint.update({ url: 'http://127.0.0.1:8780', workerPid: 6 });
    endpoint.update({ workerPid: 7 });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      url: 'http://127.0.0.1:8780',
      pid: process.pid,
      workerPid: 7,
      temporalPid: 5,
    });
    expect(await modeOf(file)).toBe('600');
    endpoint.remove();
    endpoint.update({ workerPid: 8 });
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('the configuration', () => {
  const load = (configFile: string | undefined, env: NodeJS.ProcessEnv) =>
    loadConfiguration({ configFile, emptyConfig: join(dir, 'empty.yaml'), env, progress: (line) => lines.push(line) });
  let lines: string[];
  beforeEach(() => (lines = []));

  it('is empty, with a hint, where there is no default file', async () => {
    const { file, settings } = await load(undefined, { XDG_CONFIG_HOME: dir });
    expect(settings.clusters).toEqual([]);
    expect(lines.join()).toContain(join(dir, 'meshlift', 'config.yaml'));
    expect(await load(file, {})).toEqual({ file, settings });
  });

  it('that somebody named must be there', async () => {
    const missing = join(dir, 'missing.yaml');
    await expect(load(missing, {})).rejects.toThrow(/cannot be read/);
    await expect(load(undefined, { MESHLIFT_CONFIG: missing })).rejects.toThrow(/cannot be read/);
  });
});

describe('taking down', () => {
  it('goes backwards, once, and is not stopped by a failure', async () => {
    const done: string[] = [];
    const teardown = createTeardown();
    teardown.add(() => void done.push('first'));
    teardown.add(() => Promise.reject(new Error('stuck')));
    teardown.add(() => void done.push('last'));
    await expect(teardown.run()).rejects.toThrow('stuck');
    await expect(teardown.run()).rejects.toThrow('stuck');
    expect(done).toEqual(['last', 'first']);
  });
});
