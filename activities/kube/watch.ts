import type { IncomingMessage } from 'node:http';
import { toFailure, type Asked } from './failures.js';
import { lost, open, readAll, retryAfter, type Target } from './transport.js';
import { ExpiredWatch, type WatchEvent } from './types.js';

/** The server ends a watch after this time. */
export const WATCH_SECONDS = 300;
/** Bookmarks come about once a minute: a longer silence means that nobody is there any more. */
const SILENCE_MS = 90_000;

interface WatchCall {
  readonly target: Target;
  readonly path: string;
  readonly asked: Asked;
  readonly signal: AbortSignal;
  /** @default 90 seconds */
  readonly silenceMs?: number;
}

/**
 * One watch connection. Ends quietly when the server ends it, when the connection breaks or goes silent, and when the signal aborts:
 * in each case the caller goes on from the last resource version that it saw.
 * @throws ExpiredWatch, or an `ApplicationFailure` when the server refuses the watch
 */
export async function* watchOnce(call: WatchCall): AsyncGenerator<WatchEvent> {
  const response = await openWatch(call);
  if (response === null) return;
  try {
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as { type: string; object: unknown };
      if (event.type === 'ERROR') throw refused(call.asked, event.object);
      yield event as WatchEvent;
    }
  } finally {
    // Leaving the loop must not leave the connection behind.
    response.destroy();
  }
}

async function openWatch({ target, path, asked, signal, silenceMs }: WatchCall): Promise<IncomingMessage | null> {
  let response: IncomingMessage;
  let body: string;
  try {
    response = await open(target, { method: 'GET', path, silenceMs: silenceMs ?? SILENCE_MS, signal });
    if (response.statusCode === 200) return response;
    body = await readAll(response);
  } catch (error) {
    if (signal.aborted) return null;
    throw toFailure(asked, lost(error as Error));
  }
  const status = response.statusCode ?? 0;
  if (status === 410) throw new ExpiredWatch(`${asked.doing}: the history is gone`);
  throw toFailure(asked, { type: 'answer', status, retryAfterMs: retryAfter(response), body });
}

/** Whole lines; what is left when the connection breaks in the middle of one is no event. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let partial = '';
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  for (;;) {
    // Only an error of the connection ends the watch quietly, none of the caller's.
    const next = await chunks.next().catch(() => ({ done: true, value: undefined }) as const);
    if (next.done === true) return;
    const lines = (partial + next.value).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
}

/** An error inside the stream is a `Status` object: 410 most of the time. */
function refused(asked: Asked, status: unknown): Error {
  const { code = 500, message = '' } = status as { code?: number; message?: string };
  if (code === 410) return new ExpiredWatch(`${asked.doing}: ${message || 'the history is gone'}`);
  return toFailure(asked, { type: 'answer', status: code, retryAfterMs: null, body: JSON.stringify(status) });
}
