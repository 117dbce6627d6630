/** Which namespaces begin before which others. */
export interface Turns {
  /** Place of a namespace in the order; those that the order does not name share the last one. */
  readonly placeOf: (namespace: string) => number;
  /** Settles when it is known of all namespaces of an earlier place what there is to move in them. */
  readonly before: (namespace: string) => Promise<void>;
  /** What there is to move in a namespace is known to the scheduler now, or never will be. */
  readonly known: (namespace: string) => void;
}

/** One namespace of the order. */
interface Turn {
  readonly place: number;
  /** Settles when everything before it is known. */
  readonly comes: Promise<void>;
  readonly tell: () => void;
}

/**
 * The turns of namespaces that are moved together. The scheduler keeps the order among what it knows; that it knows the
 * earlier ones first is what this is for.
 * @param order namespaces that begin first, in this order; those that are not moved now are passed over
 */
export function createTurns(namespaces: readonly string[], order: readonly string[] = []): Turns {
  const movedNow = new Set(namespaces);
  const turns = new Map<string, Turn>();
  let comes = Promise.resolve();
  for (const namespace of order.filter((name) => movedNow.has(name))) {
    let tell = (): void => undefined;
    const isKnown = new Promise<void>((resolve) => (tell = resolve));
    turns.set(namespace, { place: turns.size, comes, tell });
    comes = comes.then(() => isKnown);
  }
  const afterAll = comes;
  return {
    placeOf: (namespace) => turns.get(namespace)?.place ?? turns.size,
    before: (namespace) => turns.get(namespace)?.comes ?? afterAll,
    known: (namespace) => turns.get(namespace)?.tell(),
  };
}
