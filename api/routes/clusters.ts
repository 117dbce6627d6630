import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AppDeps } from '../deps.js';
import { findCluster } from '../lookups.js';
import { itemsOf, orProblem } from '../schemas/common.js';
import { meshSchema } from '../schemas/plan.js';

const clusterSchema = z.object({
  id: z.string(),
  role: z.enum(['user', 'admin']),
  labels: z.record(z.string(), z.string()),
});

/** Registered clusters, and what is in one of them. */
export function clusterRoutes(deps: Pick<AppDeps, 'clusters' | 'runs'>): FastifyPluginCallbackZod {
  // Settings carry the path of the kubeconfig too; what is sent is written out, so that it cannot slip in.
  const items = deps.clusters.map(({ id, role, labels }) => ({ id, role, labels }));
  return (app, _options, done) => {
    app.get(
      '/clusters',
      {
        schema: {
          tags: ['clusters'],
          operationId: 'listClusters',
          summary: 'The registered clusters',
          response: { 200: itemsOf(clusterSchema).meta({ description: 'All of them.' }), ...orProblem },
        },
      },
      () => ({ items }),
    );

    app.get(
      '/clusters/:cluster',
      {
        schema: {
          tags: ['clusters'],
          operationId: 'inspectCluster',
          summary: 'What is in a cluster now: control planes, namespaces, pods by proxy',
          params: z.object({ cluster: z.string() }),
          response: { 200: meshSchema, ...orProblem },
        },
      },
      (request) => deps.runs.inspect(findCluster(deps, request.params.cluster).id),
    );
    done();
  };
}
