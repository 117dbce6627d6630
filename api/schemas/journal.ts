import { z } from 'zod';
import type { Operation } from '../../domain/journal.js';
import { MOVABLE_KINDS, type WorkloadProgress } from '../../domain/workload.js';
import { listOf, timeSchema } from './common.js';

/** One operation of a run, with its outcome. */
export const operationSchema: z.ZodType<Operation> = z.object({
  id: z.string(),
  argv: listOf(z.string()),
  mutating: z.boolean(),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  outcome: z.enum(['succeeded', 'failed', 'unchanged', 'interrupted']).nullable(),
  tail: z.string(),
  progress: z.exactOptional(z.string()).meta({ description: 'How far a long operation had come.' }),
});

/** How far one workload is. */
export const workloadProgressSchema: z.ZodType<WorkloadProgress> = z.object({
  workload: z.object({ kind: z.enum(MOVABLE_KINDS), namespace: z.string(), name: z.string() }),
  status: z.enum(['waiting', 'restarting', 'moved', 'failed']),
  desired: z.int(),
  moved: z.int(),
  detail: z.exactOptional(z.string()),
});
