import { z } from 'zod';
import { problemSchema, PROBLEM_TYPE } from '../api-problem.js';

/** A list that the service never changes once it has it. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).readonly();
}

/** Body of an answer that is a list: an object, so that fields can join later. */
export function itemsOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: listOf(item) });
}

/** Every route may answer with a problem. */
export const orProblem = {
  default: { description: 'A problem (RFC 9457).', content: { [PROBLEM_TYPE]: { schema: problemSchema } } },
};

/** ISO 8601 in UTC. */
export const timeSchema = z.string().meta({ description: 'ISO 8601 in UTC.', examples: ['2026-01-31T08:00:00.000Z'] });

/** Path of one run. Checked by hand, so that a wrong one is answered with 404 and a sentence. */
export const runPathSchema = z.object({
  cluster: z.string().meta({ description: 'Id of a registered cluster.' }),
  runId: z.string().meta({ description: 'Id of the run, or `latest`.' }),
});

/** Headers of requests that act. */
export const actorHeadersSchema = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters')
    .optional()
    .meta({
      description: 'Any unique string. The same one with the same request acts once. Starting an upgrade needs it.',
    }),
  'x-meshlift-user': z
    .string()
    .regex(/^[\x20-\x7e\xa0-\xff]{1,100}$/, 'must be 1 to 100 printable characters')
    .optional()
    .meta({ description: 'Who acts, for the record of the run. Left out: `api`.' }),
});

/** Who acts, for the record of the run. */
export function actorOf(headers: z.infer<typeof actorHeadersSchema>): string {
  return headers['x-meshlift-user'] ?? 'api';
}
