import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { AppDeps } from '../deps.js';
import { latestWorkloads } from '../latest-workloads.js';
import { checkRunPath } from '../lookups.js';
import { itemsOf, orProblem, runPathSchema } from '../schemas/common.js';
import { workloadProgressSchema } from '../schemas/journal.js';

/** How far each workload of a run is. */
export function workloadRoutes(deps: Pick<AppDeps, 'clusters' | 'runs' | 'journal'>): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/upgrades/:cluster/:runId/workloads',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'listWorkloads',
          summary: 'How far each workload is that the run has touched',
          params: runPathSchema,
          response: {
            200: itemsOf(workloadProgressSchema).meta({ description: 'In the order in which they were touched.' }),
            ...orProblem,
          },
        },
      },
      async ({ params }) => {
        checkRunPath(deps, params);
        const { runId } = await deps.runs.find(params.cluster, params.runId);
        return { items: latestWorkloads(await deps.journal.read(params.cluster, runId, 0)) };
      },
    );
    done();
  };
}
