import type { ChildProcess } from 'node:child_process';
import { nodeCommand } from '../../settings/node-command.js';
import type { ProcessIdentity } from '../../settings/process-identity.js';
import { supervise, type SupervisedProcess } from './supervised-process.js';

/** Building the bundle of the workflows takes seconds on a slow machine. */
const READY_WITHIN_MS = 120_000;
const GRACE_MS = 15_000;
/** By default glibc gives each of many threads a heap of its own, and keeps what was freed in it: a tenth of the worker, and no time gained. */
const TWO_HEAPS = { MALLOC_ARENA_MAX: '2' };

/** What a worker is started with. */
export interface WorkerOptions {
  /** Everything it needs to find Temporal, its configuration and its folders. */
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly onStart: (identity: ProcessIdentity) => void;
  readonly progress: (line: string) => void;
}

/** Keeps a worker alive. It says `ready` over its channel when it polls, and ends by itself when the channel closes. */
export function superviseWorker({ env, logFile, onStart, progress }: WorkerOptions): SupervisedProcess {
  return supervise({
    name: 'The worker',
    command: { ...nodeCommand(new URL('../../worker/main.js', import.meta.url), []), env: { ...TWO_HEAPS, ...env } },
    logFile,
    channel: true,
    onStart,
    untilReady: untilItSaysSo,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
    progress,
  });
}

function untilItSaysSo(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
    });
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
