import { createParser } from 'eventsource-parser';
import { noAnswer, problemOf } from './problem.js';

/** One server-sent event. `id` is what a later request sends as `Last-Event-ID`. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

interface EventRequest {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly lastEventId?: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a stream of server-sent events until the server closes it.
 * @throws ApiProblem when the server refuses, is away, or the connection breaks
 */
export async function* readEvents(request: EventRequest): AsyncGenerator<ServerEvent> {
  const response = await connect(request);
  const waiting: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => void waiting.push({ id, event, data }),
  });
  const decoder = new TextDecoder();
  const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
  try {
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* waiting.splice(0);
    }
  } catch (error) {
    throw noAnswer(request.url, error);
  }
}

async function connect({ url, path, headers, lastEventId, signal }: EventRequest): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    headers: {
      ...headers,
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    redirect: 'error',
    signal,
  }).catch((error: unknown) => Promise.reject(noAnswer(url, error)));
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  return response;
}
