import { createHash, timingSafeEqual } from 'node:crypto';
import fp from 'fastify-plugin';
import { ApiProblem } from '../api-problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a token. */
    readonly public?: boolean;
  }
}

const BEARER = /^Bearer +([^\s]+)$/i;

/**
 * Asks every route for the bearer token, except those whose `config.public` is set and addresses that do not exist.
 * It runs before the body is read, but after the rate limit, which so bounds how often a token can be guessed.
 */
export const auth = fp<{ token: string }>(
  (app, { token }, done) => {
    const expected = digest(token);
    app.addHook('preParsing', (request, reply, _payload, next) => {
      if (request.is404 || request.routeOptions.config.public === true) {
        next();
        return;
      }
      const given = BEARER.exec(request.headers.authorization ?? '')?.[1];
      if (given !== undefined && timingSafeEqual(digest(given), expected)) {
        next();
        return;
      }
      void reply.header('www-authenticate', 'Bearer realm="meshlift"');
      const wrong = given === undefined ? 'carries no bearer token' : 'carries another token than this server expects';
      next(new ApiProblem('Unauthorized', `The request ${wrong}.`));
    });
    done();
  },
  { name: 'meshlift-auth' },
);

/** Equal lengths, so that the comparison tells nothing about the length of the token either. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
