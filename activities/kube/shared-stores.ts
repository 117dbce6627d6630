import { keepingOf } from './keeping.js';
import { openSource, type Store, type StoreOptions, type StoreSource } from './store.js';
import type { KubeClient, Resource, Selection } from './types.js';

/** Stores by what they watch: all the activities of a namespace share one watch of its pods. */
export interface StorePool {
  /** A store of that collection, opened when nobody has it yet. Release it when it is no longer needed. */
  acquire(resource: Resource, selection?: Selection): Store;
  /** Gives a store back; the watch is closed when nobody has taken it again for some seconds. */
  release(store: Store): void;
  /** Closes every watch. */
  close(): void;
}

export interface StorePoolOptions extends StoreOptions {
  /** How long an unused watch stays open. @default 5 seconds */
  readonly lingerMs?: number;
}

interface Shared {
  readonly source: StoreSource;
  holders: number;
  timer?: NodeJS.Timeout;
}

/** A pool of shared stores of one cluster. */
export function createStorePool(client: KubeClient, options: StorePoolOptions = {}): StorePool {
  const { lingerMs = 5_000, ...storeOptions } = options;
  const shared = new Map<string, Shared>();
  const held = new WeakMap<Store, () => void>();

  const drop = (key: string, entry: Shared) => {
    entry.source.close();
    // Another one may have taken the place of a watch that had ended.
    if (shared.get(key) === entry) shared.delete(key);
  };

  const find = (key: string, open: () => StoreSource): Shared => {
    const found = shared.get(key);
    if (found !== undefined && !found.source.hasEnded()) return found;
    const entry: Shared = { source: open(), holders: 0 };
    shared.set(key, entry);
    return entry;
  };

  return {
    acquire(resource, selection = {}) {
      const key = JSON.stringify([resource.api, resource.plural, resource.namespace, resource.name, selection]);
      const entry = find(key, () =>
        openSource(client, resource, selection, { keeping: keepingOf(resource), ...storeOptions }),
      );
      clearTimeout(entry.timer);
      entry.holders++;
      const store = entry.source.hold(() => held.get(store)?.());
      held.set(store, () => {
        held.delete(store);
        entry.holders--;
        if (entry.holders > 0) return;
        entry.timer = setTimeout(() => drop(key, entry), lingerMs);
        entry.timer.unref();
      });
      return store;
    },
    release: (store) => store.close(),
    close() {
      for (const [key, entry] of shared) {
        clearTimeout(entry.timer);
        drop(key, entry);
      }
    },
  };
}
