import { isFailure } from '../failure.js';
import { statusOf } from './failures.js';
import { backoffBound } from './retry.js';
import { createBoard, type Keeping, type Store } from './store-board.js';
import { SYSTEM_CLOCK, type Clock } from './token-bucket.js';
import { ExpiredWatch, type KubeClient, type Resource, type Selection } from './types.js';

export type { Keeping, Store } from './store-board.js';

export interface StoreOptions {
  /** Closes the store when it aborts. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** How its objects are kept. @default whole, by their names */
  readonly keeping?: Keeping;
}

/** A supervised watch that several holders can share. */
export interface StoreSource {
  /** A store for one more holder. */
  hold(onClose: () => void): Store;
  /** Whether it has ended for good: closed, or refused by the server. */
  hasEnded(): boolean;
  close(): void;
}

/** A resource that the server does not know is looked for again so often. */
const UNKNOWN_RESOURCE_MS = 10_000;
/** A watch that ends sooner, without an event, does not count as a working one. */
const TOO_SHORT_MS = 1_000;

/** Lists a collection, then watches it until it is closed. */
export function openStore(
  client: KubeClient,
  resource: Resource,
  selection: Selection,
  options: StoreOptions = {},
): Store {
  const source = openSource(client, resource, selection, options);
  return source.hold(() => source.close());
}

/**
 * The watch behind a store. Whatever goes wrong, it waits a little longer each time and lists anew: it never stops silently.
 * Only a refusal of the right to read ends it, and then {@link Store.items} says so; so does a first list that fails.
 */
export function openSource(
  client: KubeClient,
  resource: Resource,
  selection: Selection,
  options: StoreOptions = {},
): StoreSource {
  const { clock = SYSTEM_CLOCK, random = Math.random } = options;
  const closing = new AbortController();
  const close = () => closing.abort();
  options.signal?.addEventListener('abort', close, { once: true });
  if (options.signal?.aborted === true) close();
  const { signal } = closing;
  const { keeping = {} } = options;
  const board = createBoard(keeping);
  let failures = 0;

  const pause = (ms: number) => sleepUntilAborted(ms, signal, clock);

  const isClosed = () => signal.aborted;

  const follow = async (): Promise<void> => {
    while (!isClosed()) {
      try {
        await listAndWatch();
      } catch (error) {
        if (isClosed()) return;
        if (isFailure(error, 'PermissionDenied') || !board.isReady()) {
          board.fail(error as Error);
          return;
        }
        await recover(error as Error);
      }
    }
  };

  const recover = async (error: Error): Promise<void> => {
    // An expired history is no fault: the next list sets it right.
    if (!(error instanceof ExpiredWatch)) board.setProblem(error.message);
    failures++;
    const bound = statusOf(error) === 404 ? UNKNOWN_RESOURCE_MS : backoffBound(failures);
    await pause(bound / 2 + (random() * bound) / 2);
  };

  const listAndWatch = async (): Promise<void> => {
    const { items, resourceVersion } = await client.list(resource, selection, keeping.slim);
    board.replaceAll(items);
    if (resourceVersion === '') return pause(UNKNOWN_RESOURCE_MS);
    let version = resourceVersion;
    while (!isClosed()) {
      const began = clock.now();
      const last = await watchFrom(version);
      const worked = last !== version || clock.now() - began >= TOO_SHORT_MS;
      version = last;
      failures = worked ? 0 : failures + 1;
      if (!worked) await pause(backoffBound(failures));
    }
  };

  /** One connection. @returns the resource version to go on from */
  const watchFrom = async (from: string): Promise<string> => {
    let version = from;
    for await (const event of client.watch(resource, version, selection, signal)) {
      version = event.object.metadata.resourceVersion ?? version;
      board.apply(event);
    }
    return version;
  };

  void follow().finally(() => {
    options.signal?.removeEventListener('abort', close);
    board.end();
  });
  return { hold: (onClose) => board.hold(onClose), hasEnded: () => signal.aborted || board.hasEnded(), close };
}

async function sleepUntilAborted(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (signal.aborted) return;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => (onAbort = resolve));
  signal.addEventListener('abort', onAbort, { once: true });
  await Promise.race([clock.sleep(ms), aborted]);
  signal.removeEventListener('abort', onAbort);
}
