import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, startTimeOf, type ProcessIdentity } from '../../settings/process-identity.js';
import { tailOf } from '../../settings/private-file.js';
import { ServeError } from './serve-error.js';

/** What to start. The environment is all that the child gets. */
export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a process is kept alive. */
export interface SupervisionOptions {
  /** As it stands in messages. */
  readonly name: string;
  readonly command: ProcessCommand;
  /** Output of all its lives is appended here. */
  readonly logFile: string;
  /** Files that the child makes are for the owner only, whatever the umask of this process says. */
  readonly privateFiles?: boolean;
  /** Opens a channel for messages. The child sees it close when this process dies, by whatever signal. */
  readonly channel: boolean;
  /** Called in the same instant as the start, so that no child is ever unrecorded. */
  readonly onStart: (identity: ProcessIdentity) => void;
  /** Resolves when the child can do its work; the signal ends the waiting. */
  readonly untilReady: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  readonly readyWithinMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly progress: (line: string) => void;
  readonly backoff?: Backoff;
}

/** How long to wait before a start. The first comes at once; those that follow a short life wait longer each time. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A child that lived this long is counted as healthy. */
  readonly healthyAfterMs: number;
  /** Starts that may fail in a row before the very first success. */
  readonly attempts: number;
}

/** A process that is started again when it dies, until it is stopped. */
export interface SupervisedProcess {
  /** Resolves when the child is ready for the first time. @throws ServeError when it does not come up, or is stopped */
  readonly started: Promise<void>;
  status(): { readonly ready: boolean; readonly detail: string };
  /** Ends the child and its supervision, also in the middle of a restart. May be called twice. */
  stop(): Promise<void>;
  /** Ends the child without asking. The last resort. */
  kill(): void;
}

const DEFAULT_BACKOFF: Backoff = { firstMs: 200, maxMs: 10_000, healthyAfterMs: 10_000, attempts: 3 };

/** Starts a process and keeps it alive. */
export function supervise(options: SupervisionOptions): SupervisedProcess {
  const backoff = options.backoff ?? DEFAULT_BACKOFF;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const started = openPromise();
  let child: ChildProcess | null = null;
  let detail = 'starting';
  let ready = false;
  let everReady = false;

  /** One life of the child. @returns why it ended, as a phrase */
  async function live(): Promise<string> {
    const current = start(options);
    child = current;
    const ended = endOf(current);
    const end = () => {
      if (current.pid !== undefined) void endProcess(identityOf(current.pid), options.graceMs);
    };
    stopping.signal.addEventListener('abort', end, { once: true });
    try {
      if (current.pid !== undefined) options.onStart(identityOf(current.pid));
      const early = await readyOrEnded(current, ended, options);
      if (early !== null) return early;
      ready = everReady = true;
      detail = `process ${current.pid ?? 0}`;
      started.resolve();
      return await ended;
    } finally {
      ready = false;
      stopping.signal.removeEventListener('abort', end);
      await killAndWait(current, ended, isStopping());
      child = null;
    }
  }

  async function keepAlive(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      const since = Date.now();
      const reason = await live().catch((error: unknown) => (error as Error).message);
      if (isStopping()) return;
      failures = Date.now() - since < backoff.healthyAfterMs ? failures + 1 : 0;
      detail = `ended (${reason}); starting again`;
      if (!everReady && failures >= backoff.attempts) {
        started.reject(doesNotStart(options, reason));
        return;
      }
      options.progress(`${options.name} ended (${reason}); starting it again`);
      await delay(pause(backoff, failures), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const loop = keepAlive();
  return {
    started: started.promise,
    status: () => ({ ready, detail }),
    async stop() {
      stopping.abort();
      await loop;
      started.reject(new ServeError(`${options.name} was stopped before it was ready.`));
      detail = 'stopped';
    },
    kill: () => void child?.kill('SIGKILL'),
  };
}

/** A promise that is settled from outside. Whoever does not wait for it must not die of its failure. */
function openPromise(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function pause({ firstMs, maxMs }: Backoff, failures: number): number {
  return failures === 0 ? 0 : Math.min(maxMs, firstMs * 2 ** (failures - 1));
}

function start({ command, channel, logFile, privateFiles = false }: SupervisionOptions): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  // A child inherits it in the instant of its start; nothing else of this process runs in between.
  const umask = privateFiles ? process.umask(0o077) : null;
  try {
    return spawn(command.file, command.args, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: command.env,
      // A group of its own: Ctrl-C at the terminal reaches `serve` alone, which ends its parts in order.
      detached: true,
      stdio: channel ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    });
  } finally {
    if (umask !== null) process.umask(umask);
    closeSync(log);
  }
}

/** A child that is gone already keeps its number and gets a start time that no process has. */
function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? 'gone' };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(`it cannot be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
  });
}

/** @returns null when the child is ready; why it ended, when that came first */
async function readyOrEnded(
  child: ChildProcess,
  ended: Promise<string>,
  { untilReady, readyWithinMs }: SupervisionOptions,
): Promise<string | null> {
  const over = new AbortController();
  const late = AbortSignal.timeout(readyWithinMs);
  const signal = AbortSignal.any([over.signal, late]);
  const waiting = untilReady(child, signal).then(
    () => null,
    (error: unknown) => {
      if (over.signal.aborted) return null;
      if (late.aborted) return `not ready within ${Math.round(readyWithinMs / 1000)} s`;
      throw error;
    },
  );
  try {
    return await Promise.race([ended, waiting]);
  } finally {
    over.abort();
    waiting.catch(() => undefined);
  }
}

/** Makes sure that a life is over. One that is being stopped has its time of grace; any other has had its chance. */
async function killAndWait(child: ChildProcess, ended: Promise<string>, grace: boolean): Promise<void> {
  if (!grace) child.kill('SIGKILL');
  await ended;
}

function doesNotStart({ name, logFile }: SupervisionOptions, reason: string): ServeError {
  const tail = tailOf(logFile);
  return new ServeError(
    `${name} does not start: ${reason}. Its log is ${logFile}${tail === '' ? '.' : `; it ends with:\n${tail}`}`,
  );
}
