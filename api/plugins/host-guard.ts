import fp from 'fastify-plugin';
import { ApiProblem } from '../api-problem.js';
import { isLoopbackHost } from '../loopback.js';

/**
 * Refuses requests that reach the loopback address under another name. A web page can make a browser do that by
 * letting its own name point to 127.0.0.1 (DNS rebinding); the `Host` header gives it away.
 */
export const hostGuard = fp(
  (app, _options, done) => {
    app.addHook('onRequest', (request, _reply, next) => {
      const { host } = request.headers;
      if (host !== undefined && isLoopbackHost(host)) {
        next();
        return;
      }
      const named = host === undefined ? 'is missing' : `names ${JSON.stringify(host.slice(0, 100))}`;
      next(
        new ApiProblem(
          'InvalidRequest',
          `The Host header ${named}; this server answers only to localhost and 127.0.0.1.`,
        ),
      );
    });
    done();
  },
  { name: 'meshlift-host-guard' },
);
