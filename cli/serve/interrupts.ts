/** The wish of the person at the keyboard, or of whoever manages the process, that it ends. */
export interface Interrupts {
  /** Aborted by the first of SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** What to do when they come again before the end. */
  onSecond(action: () => void): void;
  /** Gives the signals back to Node. */
  close(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Thrown by whatever was under way when the process was interrupted. */
export class Interrupted extends Error {
  // The name that Node gives to what an abort signal cut short; the exit code follows from it.
  override readonly name = 'AbortError';
}

/** Takes over the signals that end a process, so that it can end in order. */
export function listenForInterrupts(): Interrupts {
  const abort = new AbortController();
  let second: () => void = () => undefined;
  const listener = (): void => {
    if (abort.signal.aborted) second();
    else abort.abort(new Interrupted('interrupted'));
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: abort.signal,
    onSecond: (action) => void (second = action),
    close() {
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}
