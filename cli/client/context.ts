import type { ExitCode } from '../exit-codes.js';

/** The outside of a command: its streams, its terminal, its environment. Tests give their own. */
export interface Context {
  /** Data. */
  readonly out: (text: string) => void;
  /** Progress and complaints. */
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Whether standard output is a terminal that can be redrawn. */
  readonly tty: boolean;
  readonly color: boolean;
  readonly width: number;
  readonly height?: number;
  readonly now: () => number;
  /** Sets the exit code of the process. */
  readonly finish: (code: ExitCode) => void;
  /** From this call on Ctrl-C does not kill the process but aborts the signal. */
  readonly interrupted: () => AbortSignal;
}

/** Lines of output that nobody cuts: pipes and files have no width. */
const UNBOUNDED_WIDTH = 160;

/** The context of the real process. */
export function processContext(process: NodeJS.Process): Context {
  const { stdout, stderr, env } = process;
  const tty = stdout.isTTY && env['TERM'] !== 'dumb';
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    tty,
    // https://no-color.org: any value but the empty one counts.
    color: tty && !env['NO_COLOR'],
    width: tty ? stdout.columns : UNBOUNDED_WIDTH,
    ...(tty ? { height: stdout.rows } : {}),
    now: Date.now,
    finish: (code) => void (process.exitCode = code),
    interrupted() {
      const abort = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
      return abort.signal;
    },
  };
}
