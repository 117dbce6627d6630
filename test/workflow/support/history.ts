import type { WorkflowHandle } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** As long as a test waits for the server's record of what has happened; nothing is decided by it. */
const PATIENCE_MS = 25_000;

/**
 * Waits until a workflow has not only been told of something, but has acted on it: what it did not begin by then, it does
 * not begin because of it.
 * @param word one of {@link wordsOf}
 * @returns the words of the whole history
 */
export function digested(handle: WorkflowHandle, word: string, times = 1): Promise<string[]> {
  return untilHistory(handle, `"${word}"`, (words) => {
    const places = words.flatMap((each, index) => (each === word ? [index] : []));
    const place = places[times - 1];
    return place !== undefined && words.includes('task', place);
  });
}

/**
 * Waits until the server knows that a workflow only waits, for people or for a timer: nothing is under way that a jump of the
 * clock would time out.
 */
export async function atRest(handle: WorkflowHandle): Promise<void> {
  await untilHistory(handle, 'rest', (words) => {
    const count = (kind: string) => words.filter((word) => word.startsWith(`${kind} `)).length;
    return words.at(-1) === 'task' && count('begins') === count('ended');
  });
}

async function untilHistory(
  handle: WorkflowHandle,
  what: string,
  holds: (words: readonly string[]) => boolean,
): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const words = wordsOf((await handle.fetchHistory()).events ?? []);
    if (holds(words)) return words;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}; there is ${words.join(', ')}`);
    await delay(20);
  }
}

/** A history in words: `begins moveNamespaces`, `ended moveNamespaces`, `told pause`, `task`. */
export function wordsOf(events: readonly HistoryEvent[]): string[] {
  const names = new Map<string, string>();
  return events.flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled != null) {
      const name = scheduled.activityType?.name ?? '';
      names.set(String(event.eventId), name);
      return [`begins ${name}`];
    }
    const word = endOfActivity(event, names) ?? wordOfMessage(event);
    return word === null ? [] : [word];
  });
}

function endOfActivity(event: HistoryEvent, names: ReadonlyMap<string, string>): string | null {
  const end =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  return end == null ? null : `ended ${names.get(String(end.scheduledEventId)) ?? ''}`;
}

function wordOfMessage(event: HistoryEvent): string | null {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal != null) return `told ${signal.signalName ?? ''}`;
  return event.workflowTaskCompletedEventAttributes == null ? null : 'task';
}
