import { isCancellation } from '@temporalio/workflow';

/**
 * Does something for each item, so many at once, and fills a free slot at once. After a failure nothing further begins;
 * what is under way goes on to its end.
 * @param next gives the next item when a slot is free, null when there is none left
 * @throws the first failure, after all that had begun has ended; a cancellation before any other failure
 */
export async function fillSlots<Item>(
  slots: number,
  next: () => Promise<Item | null>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const slot = async (): Promise<void> => {
    while (failures.length === 0) {
      try {
        const item = await next();
        if (item === null) return;
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: slots }, slot));

  if (failures.length > 0) throw failures.find(isCancellation) ?? failures[0];
}
