import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareTemporal, superviseTemporal } from '../../cli/serve/temporal-server.js';
import { connectLazily, embeddedTarget, externalTarget, probeTemporal } from '../../cli/serve/temporal-target.js';
import { ensureBinaries } from '../../sandbox/binaries/index.js';
import { defaultCacheDir } from '../../settings/paths.js';
import { identify, isAlive } from '../../settings/process-identity.js';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'meshlift-temporal-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the Temporal of a server', () => {
  it('keeps its port and its database over its death, and is found again by those who were connected', async () => {
    const { temporal } = await ensureBinaries(['temporal'], { cacheDir: defaultCacheDir(), progress: () => undefined });
    const record = join(dir, 'temporal.json');
    const port = await prepareTemporal(record, () => undefined);
    const pids: number[] = [];
    const server = superviseTemporal({
      binary: temporal ?? '',
      port,
      database: join(dir, 'temporal.sqlite'),
      record,
      logFile: join(dir, 'temporal.log'),
      onStart: ({ pid }) => pids.push(pid),
      progress: () => undefined,
    });
    const target = embeddedTarget(port, {}, join(dir, 'temporal.toml'));
    const connection = connectLazily(target);
    try {
      await server.started;
      await connection.workflowService.updateNamespace({ namespace: 'default', updateInfo: { description: 'mine' } });
      process.kill(pids[0]!, 'SIGKILL');
      const answer = await untilItAnswersAgain(async () => {
        await probeTemporal(connection, target.namespace);
        if (pids.length < 2) throw new Error('still the old one');
        return connection.workflowService.describeNamespace({ namespace: 'default' });
      });
      expect(answer.namespaceInfo?.description).toBe('mine');
      expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ port, pid: pids.at(-1) });
      // Only its owner may read what is in the database and beside it.
      const files = (await readdir(dir)).filter((name) => name.startsWith('temporal.sqlite'));
      expect(files).toContain('temporal.sqlite');
      for (const name of files) expect([name, await openTo(join(dir, name))]).toEqual([name, 0]);
    } finally {
      await connection.close();
      await server.stop();
    }
    expect(await prepareTemporal(record, () => undefined)).toBe(port);
  });

  it('that outlived a killed server is ended before a new one opens the same file', async () => {
    const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const identity = identify(orphan.pid ?? 0);
    await writeFile(join(dir, 'temporal.json'), JSON.stringify({ port: 1, ...identity }));
    const ended = once(orphan, 'exit');
    await prepareTemporal(join(dir, 'temporal.json'), () => undefined);
    await ended;
    expect(isAlive(identity)).toBe(false);
  });

  it('takes another port when somebody has the old one, and says so', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await writeFile(join(dir, 'temporal.json'), JSON.stringify({ port }));
    const lines: string[] = [];
    expect(await prepareTemporal(join(dir, 'temporal.json'), (line) => lines.push(line))).not.toBe(port);
    expect(lines.join()).toContain(String(port));
    other.close();
  });
});

describe('the way to Temporal', () => {
  it('to the embedded server carries nothing that was meant for another', () => {
    const env = { PATH: '/bin', TEMPORAL_API_KEY: 'secret', TEMPORAL_PROFILE: 'prod', TEMPORAL_TLS: 'true' };
    const target = embeddedTarget(1234, env, join(dir, 'temporal.toml'));
    expect(target.connection).toEqual({ address: '127.0.0.1:1234' });
    const child = externalTarget(target.env);
    expect(child.connection).toMatchObject({ address: '127.0.0.1:1234', apiKey: undefined, tls: undefined });
    expect(child.namespace).toBe('default');
    expect(target.env['PATH']).toBe('/bin');
  });

  it('to another server is read from the environment', () => {
    const env = {
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'mesh',
      TEMPORAL_CONFIG_FILE: join(dir, 'no.toml'),
    };
    expect(externalTarget(env)).toMatchObject({ connection: { address: 'temporal:7233' }, namespace: 'mesh', env });
  });
});

async function untilItAnswersAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Which rights people other than its owner have to a file; none to one that is gone: a database has files for moments. */
async function openTo(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  return (found?.mode ?? 0) & 0o077;
}
