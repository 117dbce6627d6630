import { z } from 'zod';
import { durationSchema } from '../duration.js';

/** One question to Prometheus, and how its answers are judged. Names follow Argo Rollouts. */
export const analysisMetricSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/),
  /** PromQL with one number as its answer; `$revision`, `$control`, `$namespaces`, `$window` and `$revisionLabel` are replaced. */
  query: z.string().min(1).max(5_000),
  /** The new revision's value passes when it is at most, or at least, this. */
  max: z.number().optional(),
  min: z.number().optional(),
  /** It also passes only within so many times the old revision's value of the same moment. */
  maxRatioToControl: z.number().positive().optional(),
  minRatioToControl: z.number().positive().optional(),
  /** Up to this a value is never too many times the control's; a control up to this is never compared from below. */
  floor: z.number().nonnegative().optional(),
  /** How much there must have been to judge by, for instance requests a second; less is inconclusive. */
  volume: z.strictObject({ query: z.string().min(1).max(5_000), min: z.number().positive() }).optional(),
  interval: durationSchema({ min: 1, max: 86_400 }).default(30),
  /** Measurements until the verdict. */
  count: z.int().min(1).max(10_000).default(5),
  /** More than so many failed ones, and the analysis has failed; and so on. */
  failureLimit: z.int().min(0).max(10_000).default(0),
  inconclusiveLimit: z.int().min(0).max(10_000).default(0),
  consecutiveErrorLimit: z.int().min(0).max(10_000).default(4),
  /** Its verdict is told, and decides nothing. */
  dryRun: z.boolean().default(false),
});
export type AnalysisMetric = z.infer<typeof analysisMetricSchema>;

export const analysisTemplateSchema = z.strictObject({
  metrics: z.array(analysisMetricSchema).min(1).max(50),
});
export type AnalysisTemplate = z.infer<typeof analysisTemplateSchema>;
