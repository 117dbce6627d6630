/** Which namespaces begin before which others. */
export interface Turns {
  /** Place of a namespace in the order; those that the order does not name share the last one. */
  readonly placeOf: (namespace: string) => number;
  /** Settles when it is known of all namespaces of an earlier place what there is to move in them. */
  readonly before: (namespace: string) => Promise<void>;
  /** What there is to move in a namespace is known to the scheduler now, or never will be. */
  readonly known: (namespace: string) => void;
}

/**
 * The turns of namespaces that are moved together. The scheduler keeps the order among what it knows; that it knows the
 * earlier ones first is what this is for.
 * @param order namespaces that begin first, in this order; those that are not moved now are passed over
 */
export function createTurns(namespaces: readonly string[], order: readonly string[] = []): Turns {
  const turns = order.filter((namespace) => namespaces.includes(namespace)).map(turnOf);
  const placeOf = (namespace: string) => {
    const place = turns.findIndex((turn) => turn.namespace === namespace);
    return place === -1 ? turns.length : place;
  };
  return {
    placeOf,
    before: async (namespace) => {
      await Promise.all(turns.slice(0, placeOf(namespace)).map(({ isKnown }) => isKnown));
    },
    known: (namespace) => turns[placeOf(namespace)]?.tell(),
  };
}

function turnOf(namespace: string) {
  let tell = (): void => undefined;
  const isKnown = new Promise<void>((resolve) => (tell = resolve));
  return { namespace, isKnown, tell };
}
