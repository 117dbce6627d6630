import { z } from 'zod';
import { namespaceNameSchema } from '../../domain/names.js';
import { policySchema } from '../../domain/policy/schema.js';

const reason = z.string().trim().min(1).max(500).meta({ description: 'Why, for the record of the run.' });

/** Body of commands that say why. */
export const reasonBody = z.strictObject({ reason });

/** Body of commands without fields: it may be left out, which the framework shows as null. */
export const emptyBody = z.preprocess((body) => body ?? {}, z.strictObject({}));

const planHash = z.string().min(1).max(128).meta({ description: '`plan.hash` of the state of the run.' });
/** A soak can be changed by a month at most. */
const LONGEST_SECONDS = 31 * 24 * 60 * 60;

/** A promotion opens one gate of one plan, never a later one; or changes its soak, or goes on in spite of it. */
export const promoteBody = z.strictObject({
  gate: z.string().min(1).max(100),
  planHash,
  soak: z
    .union([z.literal('skip'), z.strictObject({ extendSeconds: z.int().min(-LONGEST_SECONDS).max(LONGEST_SECONDS) })])
    .optional()
    .meta({ description: 'Ends the soak of the gate, or makes it longer; below 0 shorter. Opens nothing else.' }),
  override: reason
    .optional()
    .meta({ description: 'Why the run goes on in spite of what an analysis, a webhook or a job of the gate says.' }),
});

/** Another policy for the waves that have not begun. */
export const policyBody = z.strictObject({ planHash, policy: policySchema });

/** A namespace that the run leaves out. */
export const skipBody = z.strictObject({ namespace: namespaceNameSchema, reason });
