import fastify, { LogController, type FastifyInstance } from 'fastify';
import type { AppDeps, AppOptions } from './deps.js';
import { auth } from './plugins/auth.js';
import { hostGuard } from './plugins/host-guard.js';
import { json } from './plugins/json.js';
import { openapi } from './plugins/openapi.js';
import { problems, sendProblem } from './plugins/problems.js';
import { rateLimit } from './plugins/rate-limit.js';
import { checkRoutes } from './routes/checks.js';
import { clusterRoutes } from './routes/clusters.js';
import { commandRoutes } from './routes/commands.js';
import { eventRoutes } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { operationRoutes } from './routes/operations.js';
import { planRoutes } from './routes/plans.js';
import { releaseRoutes } from './routes/releases.js';
import { upgradeRoutes } from './routes/upgrades.js';
import { workloadRoutes } from './routes/workloads.js';

const BODY_LIMIT_BYTES = 64 * 1024;
/** For a request to arrive whole; answers may take as long as they take. */
const REQUEST_TIMEOUT_MS = 30_000;
const CLOSING_GRACE_MS = 1_000;

/**
 * The HTTP API as one plugin tree. It does not listen: tests inject requests, `startApi` listens.
 * @param deps everything it talks to
 */
export async function createApp(deps: AppDeps, options: AppOptions = {}): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    // A HEAD of an event stream would run it.
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    void reply.header('x-content-type-options', 'nosniff');
  });

  // Requests under way get a moment; connections that were opened and never used are not idle to Node, and never go.
  app.addHook('preClose', (closed) => {
    setTimeout(() => app.server.closeAllConnections(), CLOSING_GRACE_MS).unref();
    closed();
  });

  if (options.loopbackOnly ?? true) await app.register(hostGuard);
  await app.register(rateLimit, { perMinute: options.requestsPerMinute });
  await app.register(problems);
  await app.register(auth, { token: deps.token });
  await app.register(json);
  await app.register(openapi);

  await app.register(healthRoutes(deps));
  await app.register(
    async (v1) => {
      await v1.register(clusterRoutes(deps));
      await v1.register(releaseRoutes(deps));
      await v1.register(checkRoutes);
      await v1.register(planRoutes(deps));
      await v1.register(upgradeRoutes(deps));
      await v1.register(commandRoutes(deps));
      await v1.register(eventRoutes(deps, options.keepAliveMs));
      await v1.register(operationRoutes(deps));
      await v1.register(workloadRoutes(deps));
    },
    { prefix: '/v1' },
  );
  return app;
}
