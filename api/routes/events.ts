import { Readable } from 'node:stream';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AppDeps } from '../deps.js';
import { checkRunPath } from '../lookups.js';
import { runEvents } from '../run-events.js';
import { orProblem, runPathSchema } from '../schemas/common.js';

const DEFAULT_KEEP_ALIVE_MS = 15_000;

const headersSchema = z.looseObject({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/, 'must be the id of an event')
    .optional()
    .meta({ description: 'Id of the last event that was seen; the stream goes on after it.' }),
});

/** The journal of a run, live. */
export function eventRoutes(
  deps: Pick<AppDeps, 'clusters' | 'runs' | 'journal'>,
  keepAliveMs = DEFAULT_KEEP_ALIVE_MS,
): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    const open = new Set<AbortController>();
    // Streams would keep a closing server waiting for ever; their readers connect again to the next one.
    app.addHook('preClose', (closed) => {
      for (const stream of open) stream.abort();
      closed();
    });

    app.get(
      '/upgrades/:cluster/:runId/events',
      {
        config: { rateLimit: false },
        schema: {
          tags: ['upgrades'],
          operationId: 'followUpgrade',
          summary: 'The journal of a run as server-sent events; `end` comes last, when the run is over',
          params: runPathSchema,
          headers: headersSchema,
          response: {
            200: {
              description: '`id` is the number of the entry, `event` its type, `data` the entry as JSON.',
              content: { 'text/event-stream': { schema: z.string() } },
            },
            ...orProblem,
          },
        },
      },
      async ({ params, headers }, reply) => {
        checkRunPath(deps, params);
        const stream = new AbortController();
        open.add(stream);
        // Before the first `await`: a reader may be gone by the time that the run is found.
        reply.raw.once('close', () => {
          open.delete(stream);
          stream.abort();
        });
        const run = await deps.runs.find(params.cluster, params.runId);
        const events = runEvents({
          ...deps,
          ...run,
          cluster: params.cluster,
          afterId: Number(headers['last-event-id'] ?? 0),
          keepAliveMs,
          signal: stream.signal,
        });
        // A proxy that buffers would turn live events into late ones.
        void reply.type('text/event-stream').header('cache-control', 'no-cache').header('x-accel-buffering', 'no');
        // Kept alive, a connection whose stream has ended would keep a closing server waiting.
        void reply.header('connection', 'close');
        // The schema describes the bytes; what is sent is a stream of them.
        return reply.send(Readable.from(events) as never);
      },
    );
    done();
  };
}
