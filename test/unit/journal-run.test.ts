import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MENDING } from '../../activities/audit/journal-file.js';
import { recordOperation } from '../../activities/audit/operation.js';
import { createRunJournal, type RunJournalStore } from '../../activities/audit/run-journal.js';
import type { JournalBody, JournalEntry } from '../../domain/journal.js';
import { PROJECT_ROOT } from '../../settings/node-command.js';

const run = { cluster: 'prod', runId: '0f8b1c7e-run', release: '1.6.14-asm.2' };
const body: JournalBody = { type: 'transition', phase: 'planning', message: 'began' };
const entry = (key: string) => ({ key, at: '2026-01-01T00:00:00.000Z', body });

let dir: string;
let journal: RunJournalStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meshlift-journal-'));
  journal = createRunJournal({ dir });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const file = () => join(dir, run.cluster, run.runId, 'journal.jsonl');
const append = (...keys: string[]) => journal.append(run.cluster, run.runId, keys.map(entry));
const read = (afterId = 0) => journal.read(run.cluster, run.runId, afterId);
const keysOf = (entries: readonly JournalEntry[]) => entries.map(({ id, key }) => `${id}:${key}`);

describe('the journal of a run', () => {
  it('is empty before the first entry', async () => {
    expect(await read()).toEqual([]);
    expect(await journal.operations(run.cluster, run.runId)).toEqual([]);
  });

  it('numbers entries from 1 without gaps, and writes a key once', async () => {
    await append('a', 'b', 'a');
    await append('b', 'c');
    await append('c');
    expect(keysOf(await read())).toEqual(['1:a', '2:b', '3:c']);
    expect(keysOf(await read(2))).toEqual(['3:c']);
    expect(keysOf(await createRunJournal({ dir }).read(run.cluster, run.runId, 0))).toHaveLength(3);
  });

  it('keeps its order and numbers when many write at once', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => append(`k${index}`)));
    expect((await read()).map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('goes on from a file that an earlier process wrote', async () => {
    await append('a', 'b');
    const later = createRunJournal({ dir });
    await later.append(run.cluster, run.runId, [entry('b'), entry('c')]);
    expect(keysOf(await read())).toEqual(['1:a', '2:b', '3:c']);
  });

  it('can be read by its owner only', async () => {
    await append('a');
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, run.cluster))).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['..', 'run'],
    ['prod/../..', 'run'],
    ['prod', '..'],
    ['prod', 'a/b'],
    ['prod', ''],
    ['', 'run'],
  ])('refuses names that would lead elsewhere: %j, %j', async (cluster, runId) => {
    await expect(journal.append(cluster, runId, [entry('a')])).rejects.toThrow(RangeError);
    await expect(journal.read(cluster, runId, 0)).rejects.toThrow(RangeError);
  });
});

describe('a journal that a crash has cut', () => {
  it('is read without its torn end, at whatever byte it is torn', async () => {
    await append('a', 'b', 'c');
    const whole = await readFile(file());
    const second = whole.indexOf(0x0a, whole.indexOf(0x0a) + 1) + 1;
    for (let bytes = second; bytes < whole.length; bytes++) {
      await writeFile(file(), whole.subarray(0, bytes));
      const reader = createRunJournal({ dir });
      expect(keysOf(await reader.read(run.cluster, run.runId, 0))).toEqual(['1:a', '2:b']);
    }
  });

  it('goes on behind its torn end, which stays out', async () => {
    await append('a', 'b', 'c');
    await truncate(file(), (await stat(file())).size - 7);
    await append('c', 'd');
    expect(keysOf(await read())).toEqual(['1:a', '2:b', '3:c', '4:d']);
  });

  it('goes on behind the zeros that a loss of power left', async () => {
    await append('a');
    await appendFile(file(), Buffer.concat([Buffer.alloc(512), Buffer.from('\n')]));
    await append('b');
    expect(keysOf(await read())).toEqual(['1:a', '2:b']);
  });

  it('is not mended silently when an entry in the middle is damaged', async () => {
    await append('a', 'b', 'c');
    await writeFile(file(), (await readFile(file(), 'utf8')).replace('"key":"b"', '"kez":"b"'));
    await expect(read()).rejects.toThrow(/is damaged at byte/);
    await expect(createRunJournal({ dir }).append(run.cluster, run.runId, [entry('d')])).rejects.toThrow(/damaged/);
  });

  it('takes no harm when somebody took for torn what was still being written', async () => {
    await append('a', 'b');
    await appendFile(file(), MENDING);
    await append('c');
    expect(keysOf(await read())).toEqual(['1:a', '2:b', '3:c']);
  });

  it('has lost nothing that was promised when its writer is killed', async () => {
    const { promised } = await writeInAProcess({ prefix: 'k', killAt: 40 });
    await append('after');
    const entries = await read();
    expect(promised).toBeGreaterThanOrEqual(40);
    expect(entries.length).toBeGreaterThan(promised);
    expect(entries.map(({ id }) => id)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.at(-1)?.key).toBe('after');
  });
});

describe('a journal that several processes write', () => {
  it('has every entry of each once, in one order for all, also when they are killed', async () => {
    const prefixes = ['left', 'right', 'third'];
    const written = await Promise.all(prefixes.map((prefix) => writeInAProcess({ prefix, killAt: 60 })));
    const entries = await read();
    expect(entries.map(({ id }) => id)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.filter(({ key }) => key.startsWith('common'))).toHaveLength(1);
    for (const [index, prefix] of prefixes.entries()) {
      const mine = entries.map(({ key }) => key).filter((key) => key.startsWith(prefix));
      expect(mine).toEqual(mine.map((_, place) => `${prefix}${place + 1}`));
      expect(mine.length).toBeGreaterThanOrEqual(written[index]?.promised ?? Infinity);
    }
  });
});

/** A process of its own that appends until it is killed, and tells after each entry that it is kept. */
async function writeInAProcess(options: { prefix: string; killAt: number }): Promise<{ promised: number }> {
  const module = fileURLToPath(new URL('../../activities/audit/run-journal.ts', import.meta.url));
  const writer = `
    import { createRunJournal } from ${JSON.stringify(module)};
    const journal = createRunJournal({ dir: process.argv[1] });
    const write = (key) => journal.append('prod', ${JSON.stringify(run.runId)}, [{ key, at: 'now', body: ${JSON.stringify(body)} }]);
    await write('common');
    for (let n = 1; ; n++) {
      await write('${options.prefix}' + n);
      console.log(n);
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', writer, '--', dir], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let promised = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    promised = Number(line);
    if (promised === options.killAt) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { promised };
}

describe('following a journal', () => {
  it('gives what is there, then what comes, and ends when it is told', async () => {
    const done = new AbortController();
    const seen: string[] = [];
    await append('a', 'b');
    for await (const { id, key } of createRunJournal({ dir }).follow(run.cluster, run.runId, 1, done.signal)) {
      seen.push(`${id}:${key}`);
      if (key === 'b') await append('c');
      if (key === 'c') await append('d', 'e');
      if (key === 'e') done.abort();
    }
    expect(seen).toEqual(['2:b', '3:c', '4:d', '5:e']);
  });

  it('waits for a journal that does not exist yet', async () => {
    const done = new AbortController();
    const following = journal.follow(run.cluster, run.runId, 0, done.signal)[Symbol.asyncIterator]();
    const first = following.next();
    await append('a');
    expect((await first).value).toMatchObject({ id: 1, key: 'a' });
    done.abort();
    expect((await following.next()).done).toBe(true);
  });

  it('gives all who follow it the same entries, from where each of them begins', async () => {
    await append('a', 'b');
    const seen = new Map<number, JournalEntry[]>();
    const done = [0, 1, 5].map((afterId) => {
      const stop = new AbortController();
      const entries: JournalEntry[] = [];
      seen.set(afterId, entries);
      const following = (async () => {
        for await (const each of journal.follow(run.cluster, run.runId, afterId, stop.signal)) {
          entries.push(each);
          if (each.key === 'f') stop.abort();
        }
      })();
      return following;
    });
    await vi.waitFor(() => expect(seen.get(0)).toHaveLength(2));
    await append('c', 'd', 'e', 'f');
    await Promise.all(done);
    expect([...seen].map(([afterId, entries]) => [afterId, keysOf(entries).join(' ')])).toEqual([
      [0, '1:a 2:b 3:c 4:d 5:e 6:f'],
      [1, '2:b 3:c 4:d 5:e 6:f'],
      [5, '6:f'],
    ]);
    expect(seen.get(0)?.[5]).toBe(seen.get(5)?.[0]);
    // Nobody is left; who comes now reads it anew.
    const again = journal.follow(run.cluster, run.runId, 5, new AbortController().signal);
    expect((await again.next()).value).toMatchObject({ id: 6, key: 'f' });
    await again.return(undefined);
  });

  it('tells all who follow it that it is damaged, and reads it anew for who comes after', async () => {
    const signal = new AbortController().signal;
    await append('a');
    const followers = [0, 0].map(() => journal.follow(run.cluster, run.runId, 1, signal));
    const waiting = followers.map((each) => each.next());
    const good = await readFile(file(), 'utf8');
    await writeFile(file(), `${good}damage\n${good}`);
    for (const each of await Promise.allSettled(waiting)) {
      expect(each).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('damaged') as string },
      });
    }
    await writeFile(file(), good);
    const again = journal.follow(run.cluster, run.runId, 0, signal);
    expect((await again.next()).value).toMatchObject({ key: 'a' });
    await again.return(undefined);
  });
});

describe('operations', () => {
  const intent = { id: 'label/shop/forward', argv: ['kubectl', 'label', '--token', 'abc'], mutating: true };
  const operations = () => journal.operations(run.cluster, run.runId);
  /** A fence that says who holds the cluster: this run, nobody yet, or another one. */
  const fenced = (held: boolean | Error) => ({
    append: (...args: Parameters<RunJournalStore['append']>) => journal.append(...args),
    fence: {
      isHeld: () => (held instanceof Error ? Promise.reject(held) : Promise.resolve(held)),
      acquire: () => Promise.resolve(true),
      release: () => Promise.resolve(true),
    },
  });

  it('stand in the journal before they run, and with their outcome after', async () => {
    const value = await recordOperation(fenced(true), run, intent, async () => {
      expect(await operations()).toMatchObject([
        { argv: ['kubectl', 'label', '--token', '[redacted]'], mutating: true, outcome: null, finishedAt: null },
      ]);
      return { outcome: 'succeeded', tail: 'namespace/shop labeled, password=hunter2', value: 42 };
    });
    expect(value).toBe(42);
    const [operation] = await operations();
    expect(operation).toMatchObject({ outcome: 'succeeded', tail: 'namespace/shop labeled, password=[redacted]' });
    expect(operation?.id).toMatch(/^label\/shop\/forward#1\./);
  });

  it('do not run when the journal cannot be written', async () => {
    let ran = false;
    const broken = { ...fenced(true), append: () => Promise.reject(new Error('disk full')) };
    const work = () => {
      ran = true;
      return Promise.resolve({ outcome: 'succeeded' as const, value: null });
    };
    await expect(recordOperation(broken, run, intent, work)).rejects.toThrow('disk full');
    expect(ran).toBe(false);
  });

  it('take a cluster that nobody holds, in the journal as well, before they run', async () => {
    await recordOperation(fenced(false), run, intent, () => Promise.resolve({ outcome: 'succeeded', value: null }));
    expect((await operations()).map(({ id }) => id.split('#')[0])).toEqual(['hold-cluster', 'label/shop/forward']);
  });

  it('do not begin while another run holds the cluster, but what only reads does', async () => {
    const other = fenced(new Error('somebody else'));
    const work = () => Promise.resolve({ outcome: 'succeeded' as const, value: null });
    await expect(recordOperation(other, run, intent, work)).rejects.toThrow('somebody else');
    expect(await operations()).toEqual([]);
    await recordOperation(other, run, { ...intent, mutating: false }, work);
    expect(await operations()).toHaveLength(1);
  });

  it('are failed with the reason when the work throws', async () => {
    const work = () => Promise.reject(new Error('the server said no'));
    await expect(recordOperation(fenced(true), run, intent, work)).rejects.toThrow('the server said no');
    expect(await operations()).toMatchObject([{ outcome: 'failed', tail: 'the server said no' }]);
  });

  it('are interrupted when a later try has begun and they never ended', async () => {
    const started = (operation: string): JournalBody => ({
      type: 'operationStarted',
      operation,
      argv: [],
      mutating: true,
    });
    await journal.append(run.cluster, run.runId, [{ ...entry('1'), body: started('label/shop/forward#1.aaaa') }]);
    await journal.append(run.cluster, run.runId, [{ ...entry('2'), body: started('label/cart/forward#1.bbbb') }]);
    await recordOperation(fenced(true), run, intent, () => Promise.resolve({ outcome: 'unchanged', value: null }));
    expect((await operations()).map(({ outcome }) => outcome)).toEqual(['interrupted', null, 'unchanged']);
  });
});
