/** Does something for each item, so many at once. @throws the first failure, once all that had begun has ended */
export async function atOnce<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const one = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: limit }, one));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}

/** Waits until something is so. @throws Error that names it when it is not in time */
export async function untilSo(what: string, withinMs: number, look: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${Math.round(withinMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
