import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, RunPath } from './api-client.js';
import type { ServerEvent } from './event-stream.js';
import { ApiProblem } from './problem.js';

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

interface Following {
  readonly client: Pick<ApiClient, 'events'>;
  readonly run: RunPath;
  readonly signal: AbortSignal;
  /** Called for every event, and each time the stream is opened again after a break: something may have been missed. */
  readonly onNews: (event?: ServerEvent) => void;
}

/**
 * Follows the events of a run, and connects again where it was when the connection breaks.
 * Ends when the server says that the run is over, refuses, or the signal is aborted. Never rejects.
 */
export async function followRun(following: Following): Promise<void> {
  const { signal, onNews } = following;
  const place: Place = { lastEventId: undefined, delay: FIRST_DELAY_MS };
  while (!signal.aborted) {
    if ((await readOnce(following, place)) === 'over') return;
    await sleep(jittered(place.delay), undefined, { signal }).catch(() => undefined);
    place.delay = Math.min(LONGEST_DELAY_MS, place.delay * 2);
    onNews();
  }
}

interface Place {
  lastEventId: string | undefined;
  /** Milliseconds before the next connection. */
  delay: number;
}

/** Reads one connection to its end. */
async function readOnce({ client, run, signal, onNews }: Following, place: Place): Promise<'over' | 'broken'> {
  const { lastEventId } = place;
  try {
    for await (const event of client.events(run, { signal, ...(lastEventId === undefined ? {} : { lastEventId }) })) {
      place.lastEventId = event.id ?? place.lastEventId;
      place.delay = FIRST_DELAY_MS;
      onNews(event);
      if (event.event === 'end') return 'over';
    }
    return 'broken';
  } catch (error) {
    // A refusal is for the reader of the state to report, who asks the same server.
    return error instanceof ApiProblem && error.passing ? 'broken' : 'over';
  }
}

/** Many watchers that lost the same server should not come back in the same instant. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}
