import type { KubeObject, WatchEvent } from './types.js';

/** What a collection holds, kept up to date by a watch. Each holder has its own. */
export interface Store {
  /** Settles with the first list: afterwards {@link items} is complete. Rejects when that list fails. */
  readonly ready: Promise<void>;
  /** @throws the failure that ended the store for good: the right to read was taken away */
  items(): readonly KubeObject[];
  /** The objects of one key of the store's index; where it has no other `namespace/name` and {@link namespaceKey}. @throws as {@link items} */
  at(key: string): readonly KubeObject[];
  /**
   * Resolves at the first change after this holder's last call of {@link items}: at once, if that has happened already.
   * Rejects with the reason of `signal` when that aborts.
   */
  changed(signal?: AbortSignal): Promise<void>;
  /** The same for one key, and this holder's last call of {@link at}. */
  changedAt(key: string, signal?: AbortSignal): Promise<void>;
  /** Calls the listener with the keys that have changed, soon after. @returns what ends that */
  listen(listener: (keys: ReadonlySet<string>) => void): () => void;
  /** Why the store may be behind at the moment, as a sentence; null while the watch is alive. */
  problem(): string | null;
  close(): void;
}

/** How a store keeps its objects. */
export interface Keeping {
  /** What is kept of an object, also of those of a list; all of it when left out. */
  readonly slim?: (object: KubeObject) => KubeObject;
  /** Under which keys it can be found. They must not change while the object lives. */
  readonly keysOf?: (object: KubeObject) => readonly string[];
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

/** The key of all objects of a namespace. */
export function namespaceKey(namespace: string): string {
  return `namespace ${namespace}`;
}

/** Where an object is: its own key, and that of its namespace. */
export function placesOf(object: KubeObject): readonly string[] {
  return [nameOf(object), namespaceKey(object.metadata.namespace ?? '')];
}

/** Stands for the whole board where a key is asked for. */
const ALL = Symbol('all');
type Key = string | typeof ALL;

export function createBoard({ slim = (object) => object, keysOf = placesOf }: Keeping = {}): Board {
  const objects = new Map<string, KubeObject>();
  const index = new Map<string, Map<string, KubeObject>>();
  const waiting = new Map<Key, Set<() => void>>();
  const listeners = new Set<(keys: ReadonlySet<string>) => void>();
  /** Counts changes, so that none is missed between looking and waiting. */
  const versions = new Map<Key, number>();
  let list: readonly KubeObject[] = [];
  let changes = new Set<string>();
  let problem: string | null = null;
  let failure: Error | null = null;
  let [isReady, hasEnded] = [false, false];
  let onReady: () => void = () => undefined;
  let onFailed: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => ([onReady, onFailed] = [resolve, reject]));
  // A holder may never look at it.
  ready.catch(() => undefined);

  const wake = (keys: Iterable<Key>) => {
    for (const key of keys) for (const resolve of waiting.get(key) ?? []) resolve();
  };
  const tell = () => {
    const told = changes;
    changes = new Set();
    wake([ALL, ...told]);
    for (const listener of listeners) listener(told);
  };
  const changed = (keys: Iterable<string>) => {
    list = [];
    // Once for all the events that came in one piece.
    if (changes.size === 0) setImmediate(tell);
    for (const key of [ALL, ...keys] as const) {
      versions.set(key, (versions.get(key) ?? 0) + 1);
      if (key !== ALL) changes.add(key);
    }
  };
  const take = (key: string, name: string) => {
    const entry = index.get(key);
    entry?.delete(name);
    if (entry?.size === 0) index.delete(key);
  };
  const put = (object: KubeObject): readonly string[] => {
    const keys = keysOf(object);
    const name = nameOf(object);
    const before = objects.get(name);
    // A controller may adopt it, or let it go.
    const left = before === undefined ? [] : keysOf(before).filter((key) => !keys.includes(key));
    left.forEach((key) => take(key, name));
    objects.set(name, object);
    for (const key of keys) {
      const entry = index.get(key) ?? new Map<string, KubeObject>();
      index.set(key, entry.set(name, object));
    }
    return [...keys, ...left];
  };
  const remove = (object: KubeObject): readonly string[] => {
    const name = nameOf(object);
    const keys = keysOf(objects.get(name) ?? object);
    objects.delete(name);
    keys.forEach((key) => take(key, name));
    return keys;
  };

  const wait = (key: Key, seen: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      if (seen !== (versions.get(key) ?? 0)) {
        resolve();
        return;
      }
      if (hasEnded) {
        reject(new Error('the store is closed'));
        return;
      }
      const waiters = waiting.get(key) ?? new Set<() => void>();
      waiting.set(key, waiters);
      const settle = (finish: () => void) => () => {
        waiters.delete(onChange);
        if (waiters.size === 0 && waiting.get(key) === waiters) waiting.delete(key);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onChange = settle(resolve);
      const onAbort = settle(() => reject(signal?.reason as Error));
      waiters.add(onChange);
      signal?.addEventListener('abort', onAbort);
    });

  return {
    replaceAll(items) {
      const before = [...index.keys()];
      objects.clear();
      index.clear();
      for (const item of items) put(item);
      problem = null;
      isReady = true;
      changed(new Set([...before, ...index.keys()]));
      onReady();
    },
    apply({ type, object }) {
      problem = null;
      if (type === 'BOOKMARK') return;
      changed(type === 'DELETED' ? remove(object) : put(slim(object)));
    },
    setProblem: (sentence) => void (problem = sentence),
    fail(error) {
      failure = error;
      problem = error.message;
      changed(index.keys());
      onFailed(error);
    },
    end() {
      hasEnded = true;
      onFailed(new Error('the store was closed before it was ready'));
      setImmediate(() => wake([...waiting.keys()]));
    },
    isReady: () => isReady,
    hasEnded: () => hasEnded || failure !== null,
    hold(onClose) {
      const seen = new Map<Key, number>();
      const look = (key: Key) => {
        if (failure !== null) throw failure;
        seen.set(key, versions.get(key) ?? 0);
      };
      return {
        ready,
        items() {
          look(ALL);
          if (list.length !== objects.size) list = [...objects.values()];
          return list;
        },
        at(key) {
          look(key);
          return [...(index.get(key)?.values() ?? [])];
        },
        changed: (signal) => wait(ALL, seen.get(ALL) ?? -1, signal),
        changedAt: (key, signal) => wait(key, seen.get(key) ?? -1, signal),
        listen(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
        problem: () => problem,
        close: onClose,
      };
    },
  };
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
