import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supervise, type SupervisedProcess, type SupervisionOptions } from '../../cli/serve/supervised-process.js';
import { isAlive, type ProcessIdentity } from '../../settings/process-identity.js';

/** Real child processes: what is tested is what the operating system does with them. */
describe('a supervised process', () => {
  let dir: string;
  let children: ProcessIdentity[];
  let processes: SupervisedProcess[];
  let waiting: { count: number; resolve: () => void }[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'meshlift-supervision-'));
    children = [];
    processes = [];
    waiting = [];
  });
  afterEach(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await rm(dir, { recursive: true, force: true });
  });

  const LIVES = `process.send('ready'); setInterval(() => {}, 1000);`;

  function start(script: string, change: Partial<SupervisionOptions> = {}): SupervisedProcess {
    const supervised = supervise({
      name: 'The child',
      command: { file: process.execPath, args: ['-e', script], env: { DIR: dir } },
      logFile: join(dir, 'logs', 'child.log'),
      channel: true,
      onStart(identity) {
        children.push(identity);
        for (const { count, resolve } of waiting) if (children.length >= count) resolve();
      },
      untilReady: (child) =>
        new Promise((resolve) => {
          child.on('message', (message) => {
            if (message === 'ready') resolve();
          });
        }),
      readyWithinMs: 20_000,
      graceMs: 10_000,
      progress: () => undefined,
      backoff: { firstMs: 1, maxMs: 1, healthyAfterMs: 60_000, attempts: 3 },
      ...change,
    });
    processes.push(supervised);
    return supervised;
  }

  /** Resolves when that many children have been started. */
  function started(count: number): Promise<void> {
    if (children.length >= count) return Promise.resolve();
    return new Promise((resolve) => waiting.push({ count, resolve }));
  }

  it('is started again when it is killed, and is never two', async () => {
    const supervised = start(LIVES);
    await supervised.started;
    expect(supervised.status().ready).toBe(true);
    process.kill(children[0]!.pid, 'SIGKILL');
    await started(2);
    expect(children.map(isAlive)).toEqual([false, true]);
    expect(supervised.status().ready).toBe(false);
    await supervised.stop();
    expect(children.map(isAlive)).toEqual([false, false]);
    expect(supervised.status()).toEqual({ ready: false, detail: 'stopped' });
  });

  it('leaves nothing behind when it is stopped in the middle of a restart', async () => {
    const supervised = start(LIVES);
    await supervised.started;
    process.kill(children[0]!.pid, 'SIGKILL');
    await started(2);
    await Promise.all([supervised.stop(), supervised.stop()]);
    expect(children.filter(isAlive)).toEqual([]);
    expect(children).toHaveLength(2);
  });

  it('that is stopped before it is ready tells whoever waits for it', async () => {
    const supervised = start('setInterval(() => {}, 1000)');
    await started(1);
    const outcome = expect(supervised.started).rejects.toThrow('The child was stopped before it was ready.');
    await supervised.stop();
    await outcome;
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('that never comes up is given up with the end of its log', async () => {
    const supervised = start(`console.error('no such thing'); process.exit(7);`);
    await expect(supervised.started).rejects.toThrow(/The child does not start: exit code 7[\s\S]*no such thing/);
    expect(children).toHaveLength(3);
  });

  it('that cannot even be started says so', async () => {
    const missing = { file: join(dir, 'missing'), args: [], env: {} };
    await expect(start('', { command: missing }).started).rejects.toThrow(/cannot be started/);
    expect(children).toEqual([]);
  });

  it('that is not ready in time is ended and counts as failed', async () => {
    const change = { readyWithinMs: 1, untilReady: untilAborted };
    await expect(start('setInterval(() => {}, 1000)', change).started).rejects.toThrow(/not ready within/);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('ends in order when it is asked to, and by force when it does not listen', async () => {
    const polite = `process.on('SIGTERM', () => { require('fs').writeFileSync(process.env.DIR + '/bye', ''); process.exit(); });`;
    const first = start(polite + LIVES);
    await first.started;
    await first.stop();
    expect(await readFile(join(dir, 'bye'), 'utf8')).toBe('');

    const deaf = start(`process.on('SIGTERM', () => {});` + LIVES, { graceMs: 50 });
    await deaf.started;
    await deaf.stop();
    expect(children.filter(isAlive)).toEqual([]);
  });
});

function untilAborted(_child: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
