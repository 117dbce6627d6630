import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { releaseSchema } from '../../domain/release.js';
import type { AppDeps } from '../deps.js';
import { itemsOf, orProblem } from '../schemas/common.js';

/** The release catalogue. */
export function releaseRoutes({ releases }: Pick<AppDeps, 'releases'>): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/releases',
      {
        schema: {
          tags: ['releases'],
          operationId: 'listReleases',
          summary: 'The releases that a cluster can be upgraded to, and those that bring a source back',
          response: { 200: itemsOf(releaseSchema).meta({ description: 'All of them.' }), ...orProblem },
        },
      },
      () => ({ items: releases }),
    );
    done();
  };
}
