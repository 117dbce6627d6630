import type { KubeObject, WatchEvent } from './types.js';

/** What a collection holds, kept up to date by a watch. Each holder has its own. */
export interface Store {
  /** Settles with the first list: afterwards {@link items} is complete. Rejects when that list fails. */
  readonly ready: Promise<void>;
  /** @throws the failure that ended the store for good: the right to read was taken away */
  items(): readonly KubeObject[];
  /**
   * Resolves at the first change after this holder's last call of {@link items}: at once, if that has happened already.
   * Rejects with the reason of `signal` when that aborts.
   */
  changed(signal?: AbortSignal): Promise<void>;
  /** Why the store may be behind at the moment, as a sentence; null while the watch is alive. */
  problem(): string | null;
  close(): void;
}

/** Where the watch writes and the holders read. */
export interface Board {
  replaceAll(items: readonly KubeObject[]): void;
  apply(event: WatchEvent): void;
  setProblem(sentence: string | null): void;
  /** Ends the board for good: every holder gets this error. */
  fail(error: Error): void;
  /** Nothing will be written any more. */
  end(): void;
  isReady(): boolean;
  hasEnded(): boolean;
  hold(onClose: () => void): Store;
}

export function createBoard(): Board {
  const objects = new Map<string, KubeObject>();
  const waiting = new Set<() => void>();
  let list: readonly KubeObject[] = [];
  /** Counts changes, so that none is missed between looking and waiting. */
  let version = 0;
  let problem: string | null = null;
  let failure: Error | null = null;
  let [isReady, hasEnded] = [false, false];
  let onReady: () => void = () => undefined;
  let onFailed: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => ([onReady, onFailed] = [resolve, reject]));
  // A holder may never look at it.
  ready.catch(() => undefined);

  const wake = () => {
    for (const resolve of waiting) resolve();
  };
  const changed = () => {
    list = [];
    version++;
    // Once for all the events that came in one piece.
    if (waiting.size > 0) setImmediate(wake);
  };

  const wait = (seen: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      if (seen !== version) {
        resolve();
        return;
      }
      if (hasEnded) {
        reject(new Error('the store is closed'));
        return;
      }
      const settle = (finish: () => void) => () => {
        waiting.delete(onChange);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onChange = settle(resolve);
      const onAbort = settle(() => reject(signal?.reason as Error));
      waiting.add(onChange);
      signal?.addEventListener('abort', onAbort);
    });

  return {
    replaceAll(items) {
      objects.clear();
      for (const item of items) objects.set(keyOf(item), item);
      problem = null;
      isReady = true;
      changed();
      onReady();
    },
    apply({ type, object }) {
      problem = null;
      if (type === 'BOOKMARK') return;
      if (type === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), object);
      changed();
    },
    setProblem: (sentence) => void (problem = sentence),
    fail(error) {
      failure = error;
      problem = error.message;
      changed();
      onFailed(error);
    },
    end() {
      hasEnded = true;
      onFailed(new Error('the store was closed before it was ready'));
      setImmediate(wake);
    },
    isReady: () => isReady,
    hasEnded: () => hasEnded || failure !== null,
    hold(onClose) {
      let seen = -1;
      return {
        ready,
        items() {
          if (failure !== null) throw failure;
          seen = version;
          if (list.length !== objects.size) list = [...objects.values()];
          return list;
        },
        changed: (signal) => wait(seen, signal),
        problem: () => problem,
        close: onClose,
      };
    },
  };
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
