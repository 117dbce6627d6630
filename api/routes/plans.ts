import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { upgradeRequestSchema } from '../../domain/plan.js';
import type { AppDeps } from '../deps.js';
import { checkNames } from '../lookups.js';
import { orProblem } from '../schemas/common.js';
import { planSchema } from '../schemas/plan.js';

/** Dry runs. */
export function planRoutes(
  deps: Pick<AppDeps, 'clusters' | 'releases' | 'overlays' | 'runs'>,
): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      '/plans',
      {
        schema: {
          tags: ['upgrades'],
          operationId: 'makePlan',
          summary: 'What an upgrade would do, with every preflight check; changes nothing',
          body: upgradeRequestSchema,
          response: { 200: planSchema, ...orProblem },
        },
      },
      async (request) => {
        checkNames(deps, request.body);
        return deps.runs.plan(request.body);
      },
    );
    done();
  };
}
