import { setTimeout as sleep } from 'node:timers/promises';

/** Lets one loop sleep until something happens, but not more often than it wants to be woken. */
export interface Waker {
  /** Something happened. Any number of these before the next look count as one. */
  poke(): void;
  /** Waits `atLeastMs`, then until something happened, but no longer than `atMostMs` more. */
  next(atLeastMs: number, atMostMs: number): Promise<void>;
}

/**
 * Makes a waker.
 * @param signal ends every wait: `next` then rejects
 */
export function createWaker(signal: AbortSignal): Waker {
  let poked = false;
  let wake: () => void = () => undefined;

  function pokedWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
      wake = done;
    });
  }

  return {
    poke() {
      poked = true;
      wake();
    },
    async next(atLeastMs, atMostMs) {
      await sleep(atLeastMs, undefined, { signal });
      if (!poked) await pokedWithin(atMostMs);
      poked = false;
      signal.throwIfAborted();
    },
  };
}
