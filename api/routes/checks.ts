import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { CHECK_ENTRIES } from '../../domain/checks/catalogue.js';
import { itemsOf, orProblem } from '../schemas/common.js';
import { checkSchema } from '../schemas/plan.js';

/** The catalogue of checks. */
export const checkRoutes: FastifyPluginCallbackZod = (app, _options, done) => {
  app.get(
    '/checks',
    {
      schema: {
        tags: ['upgrades'],
        operationId: 'listChecks',
        summary: 'Every check of the preflight: what it reads, what it may find, and whether it can be waived',
        response: {
          200: itemsOf(checkSchema).meta({ description: 'All of them, in order of their ids.' }),
          ...orProblem,
        },
      },
    },
    () => ({ items: CHECK_ENTRIES }),
  );
  done();
};
