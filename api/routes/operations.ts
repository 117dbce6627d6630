import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { AppDeps } from '../deps.js';
import { checkRunPath } from '../lookups.js';
import { itemsOf, orProblem, runPathSchema } from '../schemas/common.js';
import { operationSchema } from '../schemas/journal.js';

/** The commands that a run has executed. */
export function operationRoutes(deps: Pick<AppDeps, 'clusters' | 'runs' | 'journal'>): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/upgrades/:cluster/:runId/operations',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'listOperations',
          summary: 'Every operation of a run: command line, start, end, outcome, tail of its output',
          params: runPathSchema,
          response: {
            200: itemsOf(operationSchema).meta({ description: 'In the order of their start.' }),
            ...orProblem,
          },
        },
      },
      async ({ params }) => {
        checkRunPath(deps, params);
        const { runId } = await deps.runs.find(params.cluster, params.runId);
        return { items: await deps.journal.operations(params.cluster, runId) };
      },
    );
    done();
  };
}
