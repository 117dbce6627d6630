import { z } from 'zod';
import { durationSchema } from '../duration.js';
import { namespaceNameSchema } from '../names.js';
import { analysisTemplateSchema } from './analysis-template.js';
import { parseSelector } from './selector.js';
import { problemsOfRules } from './wave-rules.js';

const ONE_DAY = 24 * 60 * 60;
const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9 -]{0,59}$/, 'a name has small letters, digits, hyphens and blanks');
/** Something that the server's configuration holds under this name; a caller never sends the thing itself. */
const registeredSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/);

/** So many pods, or a share of those that the run moves (`5%`, rounded up, at least one). */
export const amountSchema = z.union([
  z.int().min(1).max(1_000_000),
  z.string().regex(/^([1-9]|[1-9]\d|100)%$/, 'a share has the form 5%, from 1% to 100%'),
]);
export type Amount = z.infer<typeof amountSchema>;

/** A label selector in the form of kubectl: `team=shop,tier!=edge`. */
const selectorSchema = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => parseSelector(text) !== null, {
    error: 'a selector has the form team=shop,tier!=edge,zone in (a,b),!frozen',
  });

/** What must be behind a wave before the next one begins; one after the other. */
export const gateStepSchema = z.union([
  /** A durable timer. Analyses of the same gate run meanwhile, too. */
  z.strictObject({ soak: durationSchema({ max: 7 * ONE_DAY }) }),
  /** Name of a built-in or registered template, or a template of its own. */
  z.strictObject({ analysis: z.union([registeredSchema, analysisTemplateSchema]) }),
  z.strictObject({ webhook: registeredSchema }),
  z.strictObject({ job: registeredSchema }),
  z.strictObject({ manual: z.literal(true), approvers: z.int().min(1).max(10).default(1) }),
]);
export type GateStep = z.infer<typeof gateStepSchema>;

const gateStepsSchema = z.array(gateStepSchema).max(20);

/** One wave. Without names, selector or percentage it takes all that is left. What several rules name is in the first of them; what none names is in a last wave, `rest`. */
export const waveRuleSchema = z.strictObject({
  name: nameSchema,
  namespaces: z.array(namespaceNameSchema).max(5_000).optional(),
  /** Labels of namespaces. */
  selector: selectorSchema.optional(),
  /** Of what it may take, the smallest first, so much that no more of all pods than this has been moved by it and those before it. */
  percent: z.int().min(1).max(100).optional(),
  /** Namespaces that begin first, in this order. */
  order: z.array(namespaceNameSchema).max(5_000).optional(),
  exclude: z.array(namespaceNameSchema).max(5_000).default([]),
  /** In each namespace so many of its workloads move first; the others begin when those are there. */
  perNamespacePercent: z.int().min(1).max(100).optional(),
  /** Instead of `gates.afterWave`. */
  gates: gateStepsSchema.optional(),
});
export type WaveRule = z.infer<typeof waveRuleSchema>;

/** How pods are replaced: by a rollout of their owner, or one by one by the Eviction API. */
export const replaceBySchema = z.enum(['restart', 'evict']);
export type ReplaceBy = z.infer<typeof replaceBySchema>;

const replaceRuleSchema = z.strictObject({
  namespace: namespaceNameSchema.optional(),
  /** `Deployment/cart`. */
  workload: z.string().max(300).optional(),
  /** Labels of the workload. */
  selector: selectorSchema.optional(),
  by: replaceBySchema,
});
export type ReplaceRule = z.infer<typeof replaceRuleSchema>;

export const policySchema = z.strictObject({
  /** Absent: the canary (a choice of the caller, or the namespace with the fewest pods), then the rest. */
  waves: z
    .array(waveRuleSchema)
    .min(1)
    .max(50)
    .superRefine((rules, context) => {
      for (const { path, message } of problemsOfRules(rules))
        context.addIssue({ code: 'custom', path: [...path], message });
    })
    .optional(),
  gateways: z
    .strictObject({
      /** Absent: as the release does it. What it cannot do is refused in the plan. */
      when: z.enum(['withControlPlane', 'lastWave']).optional(),
      /** Whether a person must promote the run before the wave of the gateways begins. */
      approval: z.enum(['required', 'none']).default('required'),
    })
    .prefault({}),
  budget: z
    .strictObject({
      /** Of all pods that the run moves; pods that others have made unavailable count. */
      maxUnavailablePods: amountSchema.default('5%'),
      /** Of the pods of one namespace. */
      maxUnavailablePerNamespace: amountSchema.default('25%'),
      /** Workloads that are on their way at once; `auto` adapts to how the cluster bears it. */
      maxConcurrentWorkloads: z.union([z.literal('auto'), z.int().min(1).max(5_000)]).default('auto'),
      /** Pods above the wanted number, of all workloads that are on their way. */
      maxSurgePods: z.int().min(1).max(100_000).default(200),
      /** A new pod counts as available when it has been Ready for so long. */
      minReadySeconds: durationSchema({ max: 3_600 }).default(0),
    })
    .prefault({}),
  replace: z
    .strictObject({
      by: replaceBySchema.default('restart'),
      /** The first that fits decides; a label of the workload comes before all of them. */
      rules: z.array(replaceRuleSchema).max(500).default([]),
      /** Whether `evict` may leave a workload of one pod without any for a moment. */
      allowGap: z.boolean().default(false),
    })
    .prefault({}),
  gates: z.strictObject({ afterWave: gateStepsSchema.prefault([{ manual: true }]) }).prefault({}),
  onFailure: z
    .strictObject({
      workload: z.enum(['pauseWave', 'rollBack']).default('pauseWave'),
      /** So many workloads of a wave may fail before that. */
      maxFailedWorkloads: z.int().min(0).max(10_000).default(0),
      analysis: z.enum(['rollBack', 'rollBackWave', 'pause']).default('rollBack'),
      inconclusive: z.enum(['pause', 'rollBack', 'rollBackWave']).default('pause'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      workload: durationSchema({ min: 10, max: ONE_DAY }).default(900),
      promotion: durationSchema({ min: 1, max: 30 * ONE_DAY }).default(7 * ONE_DAY),
    })
    .prefault({}),
});
/** How a run goes: waves, gates, safety budget, and what happens when something fails. Durations are seconds. */
export type Policy = z.infer<typeof policySchema>;
export type Budget = Policy['budget'];

/** How many pods an amount means. @param total pods that a share is of */
export function podsOf(amount: Amount, total: number): number {
  if (typeof amount === 'number') return amount;
  return Math.max(1, Math.ceil((Number.parseInt(amount, 10) * total) / 100));
}
