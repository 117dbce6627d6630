import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../../cli/client/api-client.js';
import { ApiProblem } from '../../cli/client/problem.js';
import { watchRun, type WatchOptions } from '../../cli/client/watch.js';
import type { RunState } from '../../domain/run.js';
import { at, INTO_THE_REST, sendJson, startServer, stateAfter, UP_TO_GATE, type TestServer } from './cli-support.js';

const GATE = stateAfter(...UP_TO_GATE);
const MOVING = stateAfter(...INTO_THE_REST);
const OVER: RunState = {
  ...MOVING,
  phase: { name: 'succeeded' },
  since: at(200),
  timeline: [...MOVING.timeline, { phase: 'succeeded', at: at(200) }],
};

/** A real server whose event streams the test holds in its hand. */
describe('watching a run', () => {
  let server: TestServer;
  let state: RunState;
  let failing: number | null;
  let written: string;
  /** Called for each stream that is opened, with its number from 1 and what it was asked to resume from. */
  let onStream: (stream: ServerResponse, number: number, lastEventId: string | undefined) => void;
  let streams: ServerResponse[];

  beforeEach(async () => {
    state = GATE;
    failing = null;
    written = '';
    streams = [];
    onStream = () => undefined;
    server = await startServer(({ path, headers }, response) => {
      if (path.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': hello\n\n');
        streams.push(response);
        onStream(response, streams.length, headers['last-event-id'] as string | undefined);
      } else if (failing !== null) {
        sendJson(response, failing, { code: 'X', detail: 'said no' });
        failing = failing >= 500 ? null : failing;
      } else {
        sendJson(response, 200, path.endsWith('/workloads') ? { items: [] } : state);
      }
    });
  });
  afterEach(() => server.close());

  const watch = (options: Partial<WatchOptions> = {}) =>
    watchRun({
      client: createApiClient({ url: server.url, token: 't' }),
      cluster: 'shop',
      runId: 'latest',
      write: (text) => void (written += text),
      tty: false,
      width: 80,
      color: false,
      ...options,
    });
  const send = (stream: ServerResponse, id: number) => stream.write(`id: ${id}\nevent: transition\ndata: {}\n\n`);

  it('reads the run again when an event comes, tells each change once, and ends when the run is over', async () => {
    onStream = (stream) => {
      state = OVER;
      for (let id = 1; id <= 50; id += 1) send(stream, id);
    };
    expect(await watch()).toEqual(OVER);
    expect(written.split('\n')).toEqual([
      `${at(70)} namespace catalog moved (3 workloads, 9 pods)`,
      `${at(80)} awaiting promotion at gate canary`,
      `${at(90)} migrating (wave rest)`,
      `${at(100)} namespace cart moves`,
      `${at(200)} succeeded`,
      '',
    ]);
    const reads = server.seen.filter(({ path }) => path === '/v1/upgrades/shop/run-1');
    expect(reads.length).toBeLessThan(10);
  });

  it('connects again where it was when the stream breaks', async () => {
    const resumed: (string | undefined)[] = [];
    onStream = (stream, number, lastEventId) => {
      resumed.push(lastEventId);
      if (number === 1) {
        send(stream, 7);
        stream.end();
        return;
      }
      state = OVER;
      send(stream, 8);
    };
    await watch();
    expect(resumed).toEqual([undefined, '7']);
  });

  it('shows on a terminal how far a download is, while it goes on', async () => {
    const tell = (stream: ServerResponse, id: number, body: object) =>
      stream.write(`id: ${id}\nevent: x\ndata: ${JSON.stringify({ id, key: 'k', at: at(1), body })}\n\n`);
    const operation = 'fetch/1.6.14-asm.2#1.ab';
    onStream = (stream) => {
      tell(stream, 1, { type: 'operationProgress', operation, text: '1.0 of 4.0 MB (25 %)' });
      tell(stream, 2, { type: 'operationProgress', operation, text: '2.0 of 4.0 MB (50 %)' });
      tell(stream, 3, { type: 'operationFinished', operation, outcome: 'succeeded', tail: '' });
      state = OVER;
      send(stream, 4);
    };
    await watch({ tty: true });
    expect(written).toContain('fetch/1.6.14-asm.2: 2.0 of 4.0 MB (50 %)');
    expect(written.slice(written.lastIndexOf('succeeded'))).not.toContain('50 %');
  });

  it('waits for a server that is away in between, and says so once', async () => {
    onStream = (stream) => {
      state = OVER;
      failing = 503;
      send(stream, 1);
    };
    expect((await watch()).phase.name).toBe('succeeded');
    expect(written.match(/does not answer/g)).toHaveLength(1);
  });

  it('fails when the server refuses, at once and later', async () => {
    failing = 404;
    await expect(watch()).rejects.toThrow(ApiProblem);
    failing = null;
    onStream = (stream) => {
      failing = 401;
      send(stream, 1);
    };
    await expect(watch()).rejects.toMatchObject({ problem: { status: 401 } });
  });

  it('stops where the caller wants it to', async () => {
    expect(await watch({ until: ({ phase }) => phase.name === 'awaitingPromotion' })).toEqual(GATE);
    expect(streams).toEqual([]);
  });

  it('ends with the reason of the signal, and lets go of the stream', async () => {
    const abort = new AbortController();
    const closed = new Promise<void>((resolve) => {
      onStream = (stream) => {
        stream.on('close', resolve);
        abort.abort(new Error('enough'));
      };
    });
    await expect(watch({ signal: abort.signal })).rejects.toThrow('enough');
    await closed;
  });

  it('redraws in its place on a terminal, and gives the cursor back', async () => {
    onStream = (stream) => {
      state = OVER;
      send(stream, 1);
    };
    await watch({ tty: true });
    expect(written.startsWith('\u001b[?25l')).toBe(true);
    expect(written.endsWith('\u001b[?25h')).toBe(true);
    const drawn = written.slice(0, written.indexOf('\u001b[J')).split('\n').length - 1;
    expect(written).toContain(`\r\u001b[${drawn}A`);
  });

  it('gives the cursor back when it is interrupted', async () => {
    const abort = new AbortController();
    onStream = () => abort.abort();
    await expect(watch({ tty: true, signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(written.endsWith('\u001b[?25h')).toBe(true);
  });
});
