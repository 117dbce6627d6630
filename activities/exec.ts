import { execa } from 'execa';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { endProcess, identify, startTimeOf, type ProcessIdentity } from '../settings/process-identity.js';
import { collectOutput, type Output } from './exec-output.js';

/** How long a process may take to end after SIGTERM, before SIGKILL. */
const GRACE_MS = 5_000;
/** Settings of Meshlift itself, among them credentials: no tool that it runs needs to see them. */
const OWN_VARIABLES = /^(MESHLIFT|TEMPORAL)_/;

/** A program to run. Never through a shell. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the environment of this process, which is passed on without Meshlift's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program, and all that it started, when it aborts. */
  readonly signal: AbortSignal;
  /** Each line of both outputs as it comes: without terminal codes, redacted. */
  readonly onLine?: (line: string) => void;
  /** @default no limit */
  readonly timeoutMs?: number;
  /** File that names the running process, so that the next attempt can end what a killed worker left behind. */
  readonly lockFile?: string;
}

/** What a program said. A program that a signal ended has 128 + the signal's number as its exit code, as in a shell. */
export interface CommandResult {
  readonly exitCode: number;
  /** Without terminal codes, not redacted; capped at 8 MiB. */
  readonly stdout: string;
  readonly stderr: string;
  /** The last 2,000 characters of both outputs, redacted: fit for the journal and for failure messages. */
  readonly tail: string;
}

/** A program that could not be started, or did not end in time. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly tail: string;

  constructor(message: string, tail: string, options?: ErrorOptions) {
    super(message, options);
    this.tail = tail;
  }
}

/**
 * Runs a program to its end, in a process group of its own.
 * @returns also for an exit code other than 0
 * @throws the reason of `signal` when that aborted, after the whole group is gone
 * @throws CommandFailed when the program cannot be started or runs longer than `timeoutMs`
 */
export async function runCommand(command: Command): Promise<CommandResult> {
  command.signal.throwIfAborted();
  if (command.lockFile !== undefined) await endOrphan(command.lockFile);
  command.signal.throwIfAborted();
  const child = start(command);
  const output = collectOutput(child, command.onLine);
  const owner = child.pid === undefined ? null : recordOwner(child.pid, command.lockFile);
  try {
    const ended = await endedBy(command, child);
    const result = await child;
    command.signal.throwIfAborted();
    if (ended === 'timeout') throw tookTooLong(command, output);
    return toResult(command, output, result);
  } finally {
    if (owner !== null) forgetOwner(owner, command.lockFile);
  }
}

function start(command: Command) {
  return execa(command.file, command.args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: { ...inheritedVariables(), ...command.env },
    extendEnv: false,
    stdin: 'ignore',
    // A group of its own: what the program starts (credential plugins) can be ended with it.
    detached: true,
    reject: false,
    buffer: false,
  });
}

function inheritedVariables(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.test(name)));
}

/** Waits for the end, and brings it about when the signal aborts or the time is up. */
async function endedBy(command: Command, child: ReturnType<typeof start>): Promise<'itself' | 'abort' | 'timeout'> {
  let onCut: (why: 'abort' | 'timeout') => void = () => undefined;
  const cut = new Promise<'abort' | 'timeout'>((resolve) => (onCut = resolve));
  const onAbort = () => onCut('abort');
  command.signal.addEventListener('abort', onAbort, { once: true });
  const timer = command.timeoutMs === undefined ? undefined : setTimeout(() => onCut('timeout'), command.timeoutMs);
  try {
    const ended = await Promise.race([child.then(() => 'itself' as const), cut]);
    if (ended !== 'itself' && child.pid !== undefined) await endGroup(child.pid);
    // Whoever left the group may still hold the pipes: nothing more is read from them.
    if (ended !== 'itself') [child.stdout, child.stderr].forEach((stream) => stream.destroy());
    return ended;
  } finally {
    clearTimeout(timer);
    command.signal.removeEventListener('abort', onAbort);
  }
}

/** SIGTERM to a whole group, SIGKILL when some of it is left after the grace. */
async function endGroup(pid: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const deadline = performance.now() + GRACE_MS;
  while (signalGroup(pid, 0) && performance.now() < deadline) await wait(25);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly shortMessage?: string | undefined;
}

function tookTooLong({ file, timeoutMs = 0 }: Command, output: Output): CommandFailed {
  return new CommandFailed(`${file} did not end within ${timeoutMs / 1000} s`, output.finish().tail);
}

function toResult(command: Command, output: Output, ending: Ending): CommandResult {
  const { stdout, stderr, tail } = output.finish();
  const signal = constants.signals[ending.signal as NodeJS.Signals] as number | undefined;
  const exitCode = ending.exitCode ?? (signal === undefined ? undefined : 128 + signal);
  if (exitCode === undefined)
    throw new CommandFailed(`${command.file} could not be run: ${ending.shortMessage ?? 'no reason given'}`, tail);
  return { exitCode, stdout, stderr, tail };
}

const ownerSchema = z.object({ pid: z.int().positive(), startTime: z.string().min(1) });

/** Ends what an earlier attempt left running when its worker was killed. */
async function endOrphan(lockFile: string): Promise<void> {
  const owner = readOwner(lockFile);
  if (owner !== null) await endProcess(owner, GRACE_MS, true);
  rmSync(lockFile, { force: true });
}

/** Written synchronously: between the start of a process and its record lies no other work of this worker. */
function recordOwner(pid: number, lockFile: string | undefined): ProcessIdentity | null {
  if (lockFile === undefined || startTimeOf(pid) === null) return null;
  const owner = identify(pid);
  const draft = `${lockFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
  renameSync(draft, lockFile);
  return owner;
}

/** Removes the record, unless a later attempt has put its own there. */
function forgetOwner(owner: ProcessIdentity, lockFile: string | undefined): void {
  if (lockFile === undefined || readOwner(lockFile)?.startTime !== owner.startTime) return;
  rmSync(lockFile, { force: true });
}

function readOwner(lockFile: string): ProcessIdentity | null {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(lockFile, 'utf8')));
  } catch {
    // No record, or one that a crash cut: there is nobody to end.
    return null;
  }
}
