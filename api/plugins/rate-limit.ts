import rateLimitPlugin from '@fastify/rate-limit';
import fp from 'fastify-plugin';
import { ApiProblem } from '../api-problem.js';

/** Generous: it is there for loops that got out of hand, and against guessing the token. */
const DEFAULT_PER_MINUTE = 12_000;

/** Limits the requests per address. A route opts out with `config.rateLimit: false`. */
export const rateLimit = fp<{ perMinute?: number | undefined }>(
  async (app, { perMinute = DEFAULT_PER_MINUTE }) => {
    await app.register(rateLimitPlugin, {
      max: perMinute,
      timeWindow: '1 minute',
      errorResponseBuilder: (_request, { after }) =>
        new ApiProblem(
          'TooManyRequests',
          `More than ${perMinute} requests came from this address within a minute; the next is answered in ${after}.`,
        ),
    });
  },
  { name: 'meshlift-rate-limit' },
);
