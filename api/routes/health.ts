import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AppDeps } from '../deps.js';
import { listOf, orProblem } from '../schemas/common.js';

const base = { tags: ['service'], security: [] };
const readinessSchema = z.object({
  ready: z.boolean(),
  parts: listOf(z.object({ part: z.string(), ready: z.boolean(), detail: z.string() })),
});

/** Whether the service lives, whether its parts do, and what it offers. None of it needs a token. */
export function healthRoutes({ readiness }: Pick<AppDeps, 'readiness'>): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    const config = { public: true };

    app.get(
      '/healthz',
      {
        config,
        schema: {
          ...base,
          operationId: 'health',
          summary: 'Whether the service lives',
          response: { 200: z.object({ status: z.literal('ok') }).meta({ description: 'It does.' }), ...orProblem },
        },
      },
      () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        config,
        schema: {
          ...base,
          operationId: 'readiness',
          summary: 'Whether every part answers, and which does not',
          response: {
            200: readinessSchema.meta({ description: 'Every part answers.' }),
            503: readinessSchema.meta({ description: 'A part does not answer yet.' }),
            ...orProblem,
          },
        },
      },
      async (_request, reply) => {
        const parts = await readiness();
        const ready = parts.every((part) => part.ready);
        return reply.code(ready ? 200 : 503).send({ ready, parts });
      },
    );

    app.get(
      '/openapi.json',
      {
        config,
        schema: {
          ...base,
          operationId: 'openapi',
          summary: 'This document',
          response: { 200: z.looseObject({}).meta({ description: 'OpenAPI 3.1.' }), ...orProblem },
        },
      },
      () => app.swagger() as unknown as Record<string, unknown>,
    );
    done();
  };
}
