import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailed, runCommand } from '../../activities/exec.js';
import { identify, isAlive, startTimeOf } from '../../settings/process-identity.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meshlift-exec-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
/** A real program: Node with a script of one line. */
const script = (text: string, ...args: string[]) => ({ file: process.execPath, args: ['-e', text, ...args] });

describe('runCommand', () => {
  it('gives both outputs, the exit code, and each line as it comes', async () => {
    const lines: string[] = [];
    const result = await runCommand({
      ...script('console.log("one"); console.error("two"); process.stdout.write("no end"); process.exitCode = 3'),
      signal: never,
      onLine: (line) => lines.push(line),
    });
    expect(result).toMatchObject({ exitCode: 3, stdout: 'one\nno end', stderr: 'two\n' });
    expect(lines.toSorted()).toEqual(['no end', 'one', 'two']);
    expect(result.tail).toContain('two');
  });

  it('passes arguments as they are: no shell reads them', async () => {
    const result = await runCommand({
      ...script('console.log(process.argv[1])', '$(id); `id` && echo "x" > /tmp/y'),
      signal: never,
    });
    expect(result.stdout).toBe('$(id); `id` && echo "x" > /tmp/y\n');
  });

  it('strips terminal codes and hides secrets in lines and tail', async () => {
    const lines: string[] = [];
    const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIAbcdef\n-----END EC PRIVATE KEY-----';
    const text = `\u001b[31mred\u001b[0m\nAuthorization: Bearer abcdefgh12345678\npassword=hunter2 user=me\n${key}\nend`;
    const result = await runCommand({
      ...script('process.stdout.write(process.argv[1])', text),
      signal: never,
      onLine: (line) => lines.push(line),
    });
    expect(lines[0]).toBe('red');
    expect(lines.at(-1)).toBe('end');
    for (const shown of [lines.join('\n'), result.tail]) {
      expect(shown).not.toMatch(/hunter2|abcdefgh12345678|MHcCAQEE/);
      expect(shown).toContain('user=me');
    }
  });

  it('keeps at most 2,000 characters of tail, and does not stop a program that says a lot', async () => {
    const result = await runCommand({
      ...script('for (let i = 0; i < 40000; i++) console.log("line " + i + " " + "x".repeat(300))'),
      signal: never,
    });
    expect(result.exitCode).toBe(0);
    expect(result.tail.length).toBeLessThanOrEqual(2_000);
    expect(result.tail).toContain('line 39999');
    expect(result.stdout.length).toBeLessThanOrEqual(8 * 1024 * 1024);
  });

  it('does not show a tool the settings of Meshlift', async () => {
    process.env['TEMPORAL_API_KEY'] = 'secret';
    const result = await runCommand({
      ...script('console.log(String(process.env.TEMPORAL_API_KEY), process.env.GIVEN)'),
      env: { GIVEN: 'yes' },
      signal: never,
    });
    delete process.env['TEMPORAL_API_KEY'];
    expect(result.stdout).toBe('undefined yes\n');
  });

  it('says so when there is no such program', async () => {
    const failed = runCommand({ file: join(dir, 'nothing'), args: [], signal: never });
    await expect(failed).rejects.toThrow(CommandFailed);
    await expect(failed).rejects.toThrow(/nothing could not be run/);
  });

  it('reports a program that a signal ended like a shell does', async () => {
    const result = await runCommand({ ...script('process.kill(process.pid, "SIGKILL")'), signal: never });
    expect(result.exitCode).toBe(137);
  });
});

describe('ending a program', () => {
  /** Starts a grandchild, names it in a file, and waits for ever. */
  const family = (file: string) =>
    script(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
       require('node:fs').writeFileSync(process.argv[1], String(child.pid)); console.log('up'); setInterval(() => {}, 1000);`,
      file,
    );

  it('ends the whole group when the signal aborts, and throws the reason of the abort', async () => {
    const cancel = new AbortController();
    const reason = new Error('cancelled by a person');
    const file = join(dir, 'grandchild');
    const running = runCommand({ ...family(file), signal: cancel.signal, onLine: () => cancel.abort(reason) });
    await expect(running).rejects.toBe(reason);
    expect(startTimeOf(Number(await readFile(file, 'utf8')))).toBeNull();
  });

  it('starts nothing when the signal has aborted already', async () => {
    const file = join(dir, 'grandchild');
    const reason = new Error('too late');
    await expect(runCommand({ ...family(file), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(existsSync(file)).toBe(false);
  });

  it('ends a program that takes too long', async () => {
    const failed = runCommand({ ...script('setInterval(() => {}, 1000)'), signal: never, timeoutMs: 50 });
    await expect(failed).rejects.toThrow(/did not end within 0.05 s/);
  });

  it('first ends what a killed worker left behind', async () => {
    const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    const identity = identify(orphan.pid!);
    const gone = once(orphan, 'exit');
    const lockFile = join(dir, 'install.lock');
    await writeFile(lockFile, JSON.stringify(identity));
    const result = await runCommand({ ...script('console.log("mine")'), signal: never, lockFile });
    await gone;
    expect(result.stdout).toBe('mine\n');
    expect(isAlive(identity)).toBe(false);
    expect(existsSync(lockFile)).toBe(false);
  });

  it('names the running process in the lock file, and leaves alone a process that only has the same id', async () => {
    const lockFile = join(dir, 'install.lock');
    await writeFile(lockFile, JSON.stringify({ pid: process.pid, startTime: 'another time' }));
    const result = await runCommand({
      // The record is written right after the start: the program waits for its own.
      ...script(
        `const fs = require('node:fs');
         const look = () => { try { const { pid } = JSON.parse(fs.readFileSync(process.argv[1], 'utf8')); if (pid === process.pid) return console.log('named'); } catch {} setTimeout(look, 5); };
         look();`,
        lockFile,
      ),
      signal: never,
      lockFile,
    });
    expect(result.stdout).toBe('named\n');
  });
});
