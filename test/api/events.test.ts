import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startApi } from '../../api/server.js';
import type { JournalBody, JournalEntry } from '../../domain/journal.js';
import { RUN_ID } from './support/doubles.js';
import { testApp, TOKEN, type TestApp } from './support/test-app.js';

const PATH = `/v1/upgrades/shop/${RUN_ID}/events`;
const step = (message: string): JournalBody => ({ type: 'transition', phase: 'migrating', message });
const LAST: JournalBody = { type: 'transition', phase: 'succeeded', message: 'the mesh is proven' };

/** A stream over a real connection. */
interface Stream {
  readonly events: EventSourceMessage[];
  readonly comments: string[];
  readonly response: Response;
  /** Resolves once so many events came. */
  until(count: number): Promise<void>;
  /** Resolves when the server closed the stream. */
  readonly closed: Promise<void>;
  leave(): void;
}

async function connect(url: string, lastEventId?: number): Promise<Stream> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(`${url}${PATH}`, {
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: abort.signal,
  });
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event), onComment: (text) => comments.push(text) });
  const closed = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  })();
  return {
    events,
    comments,
    response,
    closed,
    leave: () => abort.abort(),
    until: (count) => vi.waitFor(() => expect(events.length).toBeGreaterThanOrEqual(count)),
  };
}

async function listening(options: { keepAliveMs?: number } = {}): Promise<TestApp & { url: string }> {
  const made = await testApp({}, options);
  return { ...made, url: await made.app.listen({ host: '127.0.0.1', port: 0 }) };
}

describe('the event stream', () => {
  it('sends what is written, then what comes, and ends with the run', async () => {
    const { url, journal } = await listening();
    journal.write(step('one'), step('two'));
    const stream = await connect(url);
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.response.headers.get('cache-control')).toBe('no-cache');
    await stream.until(2);
    journal.write(step('three'));
    await stream.until(3);
    journal.write(LAST);
    await stream.closed;
    expect(stream.events.map(({ id, event }) => [id, event])).toEqual([
      ['1', 'transition'],
      ['2', 'transition'],
      ['3', 'transition'],
      ['4', 'transition'],
      [undefined, 'end'],
    ]);
    expect(stream.events.slice(0, 4).map(({ data }) => JSON.parse(data) as JournalEntry)).toEqual(journal.entries);
    await vi.waitFor(() => expect(journal.followers()).toBe(0));
  });

  it('goes on after the event that was seen last, without a gap or a repetition', async () => {
    const { url, journal } = await listening();
    journal.write(step('one'), step('two'));
    const first = await connect(url);
    await first.until(2);
    first.leave();
    await first.closed;
    await vi.waitFor(() => expect(journal.followers()).toBe(0));
    journal.write(step('three'));
    const second = await connect(url, 2);
    await second.until(1);
    journal.write(LAST);
    await second.closed;
    expect(second.events.map(({ id, event }) => id ?? event)).toEqual(['3', '4', 'end']);
  });

  it('of a run that is over sends the rest and ends', async () => {
    const { request, runs, journal } = await testApp();
    runs.open = false;
    journal.write(step('one'), step('two'), LAST);
    const response = await request({ url: PATH, headers: { 'last-event-id': '2' } });
    expect(response.body).toMatch(
      /^retry: 1000\n\nid: 3\nevent: transition\ndata: \{.*\}\n\nevent: end\ndata: \{\}\n\n$/,
    );
    const nothing = await request({ url: PATH, headers: { 'last-event-id': '3' } });
    expect(nothing.body).toBe('retry: 1000\n\nevent: end\ndata: {}\n\n');
  });

  it('finds the run by the name of the newest', async () => {
    const { request, runs } = await testApp();
    runs.open = false;
    const response = await request({ url: '/v1/upgrades/shop/latest/events' });
    expect(response.body).toContain('event: end');
    expect(runs.calls).toEqual([{ method: 'find', cluster: 'shop', runId: 'latest' }]);
  });

  it('says that it lives while nothing happens, and ends when the run was ended from outside', async () => {
    const { url, runs, journal } = await listening({ keepAliveMs: 5 });
    const stream = await connect(url);
    await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(1));
    journal.write(step('one'));
    await stream.until(1);
    runs.failure = new Error('Temporal is away');
    const before = stream.comments.length;
    await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(before + 1));
    runs.failure = null;
    runs.open = false;
    await stream.closed;
    expect(stream.events.map(({ id, event }) => id ?? event)).toEqual(['1', 'end']);
  });

  it('leaves no reader of the journal behind when its own reader goes', async () => {
    const { url, journal } = await listening();
    const stream = await connect(url);
    await vi.waitFor(() => expect(journal.followers()).toBe(1));
    stream.leave();
    await vi.waitFor(() => expect(journal.followers()).toBe(0));
  });

  it('does not keep a closing server waiting', async () => {
    const { deps, journal } = await testApp();
    const server = await startApi({ deps, port: 0 });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    journal.write(step('one'));
    const stream = await connect(server.url);
    await stream.until(1);
    await server.close();
    await stream.closed;
    expect(stream.events.map(({ event }) => event)).toEqual(['transition']);
    expect(journal.followers()).toBe(0);
  });
});
