import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { clusterIdSchema } from '../../domain/names.js';
import { upgradeRequestSchema } from '../../domain/plan.js';
import { ApiProblem } from '../api-problem.js';
import type { AppDeps } from '../deps.js';
import { checkNames, checkRunPath } from '../lookups.js';
import { actorHeadersSchema, actorOf, itemsOf, orProblem, runPathSchema } from '../schemas/common.js';
import { phaseNameSchema, runStateSchema, runSummarySchema, startedSchema } from '../schemas/run.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

const filterSchema = z.strictObject({
  cluster: clusterIdSchema.optional(),
  phase: phaseNameSchema.optional(),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,4000}$/, 'must be the cursor of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

/** Starts runs and shows them. */
export function upgradeRoutes(
  deps: Pick<AppDeps, 'clusters' | 'releases' | 'overlays' | 'runs'>,
): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      '/upgrades',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'startUpgrade',
          summary: 'Starts the upgrade of a cluster; the same Idempotency-Key starts it once',
          headers: actorHeadersSchema,
          body: upgradeRequestSchema,
          response: {
            202: startedSchema.meta({ description: 'It is under way; `Location` leads to it.' }),
            ...orProblem,
          },
        },
      },
      async ({ body, headers }, reply) => {
        const key = headers['idempotency-key'];
        if (key === undefined) {
          throw new ApiProblem(
            'MissingIdempotencyKey',
            `The upgrade of ${body.cluster} came without an Idempotency-Key.`,
          );
        }
        checkNames(deps, body);
        const { runId } = await deps.runs.start({ request: body, key, by: actorOf(headers) });
        void reply.code(202).header('location', `/v1/upgrades/${body.cluster}/${runId}`);
        return reply.send({ cluster: body.cluster, runId });
      },
    );

    app.get(
      '/upgrades',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'listUpgrades',
          summary: 'Runs: the open ones first, then the newest',
          querystring: filterSchema,
          response: {
            200: itemsOf(runSummarySchema)
              .extend({ cursor: z.string().nullable() })
              .meta({ description: 'One page; `cursor` leads to the next, null on the last.' }),
            ...orProblem,
          },
        },
      },
      (request) => deps.runs.list(request.query),
    );

    app.get(
      '/upgrades/:cluster/:runId',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'getUpgrade',
          summary: 'The whole state of a run',
          params: runPathSchema,
          response: { 200: runStateSchema, ...orProblem },
        },
      },
      async ({ params }) => {
        checkRunPath(deps, params);
        return deps.runs.state(params.cluster, params.runId);
      },
    );
    done();
  };
}
