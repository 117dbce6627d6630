import { z } from 'zod';
import { namespaceNameSchema } from '../../domain/names.js';

const reason = z.string().trim().min(1).max(500).meta({ description: 'Why, for the record of the run.' });

/** Body of commands that say why. */
export const reasonBody = z.strictObject({ reason });

/** Body of commands without fields: it may be left out, which the framework shows as null. */
export const emptyBody = z.preprocess((body) => body ?? {}, z.strictObject({}));

/** A promotion opens one gate of one plan, never a later one. */
export const promoteBody = z.strictObject({
  gate: z.string().min(1).max(100),
  planHash: z.string().min(1).max(128).meta({ description: '`plan.hash` of the state of the run.' }),
});

/** A namespace that the run leaves out. */
export const skipBody = z.strictObject({ namespace: namespaceNameSchema, reason });
