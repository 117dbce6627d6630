import { z } from 'zod';
import type { FailureReason } from '../../domain/failures.js';
import { isFailureReason } from '../../domain/failures.js';
import type { Measurement } from '../../domain/gate-verdict.js';
import type { MoveProgress } from '../../domain/moves-told.js';
import { policySchema } from '../../domain/policy/schema.js';
import type { ForwardPhase, JudgedStep, Obstacle, Phase, PhaseName, RunState } from '../../domain/run.js';
import type { RunSummary } from '../deps.js';
import { listOf, timeSchema } from './common.js';
import { findingSchema, planSchema } from './plan.js';

/** Every phase, for filters. A missing one does not compile. */
const PHASE_NAMES = Object.keys({
  planning: true,
  preflight: true,
  preparing: true,
  installing: true,
  verifying: true,
  migrating: true,
  soaking: true,
  analysing: true,
  awaitingPromotion: true,
  rollingBackWave: true,
  finalizing: true,
  succeeded: true,
  rolledBack: true,
  rejected: true,
  cancelled: true,
  rollingBack: true,
  blocked: true,
  rollbackBlocked: true,
} satisfies Record<PhaseName, true>) as [PhaseName, ...PhaseName[]];

/** Name of a phase. */
export const phaseNameSchema = z.enum(PHASE_NAMES);

const reasonSchema = z
  .custom<FailureReason>((word) => typeof word === 'string' && isFailureReason(word))
  .meta({ type: 'string', description: 'Reason word, as in problems.' });

const obstacleSchema: z.ZodType<Obstacle> = z.object({
  reason: reasonSchema,
  message: z.string(),
  remedy: z.string(),
});

const plainPhase = <Name extends PhaseName>(name: Name) => z.object({ name: z.literal(name) });
const wavePhase = <Name extends PhaseName>(name: Name) => z.object({ name: z.literal(name), wave: z.int() });
const gatePhase = <Name extends PhaseName>(name: Name) =>
  wavePhase(name).extend({
    step: z.int().meta({ description: "Which of the gate's steps, from 0." }),
    passed: z.exactOptional(listOf(z.int())).meta({ description: 'Steps that a person has promoted past.' }),
  });

const forwardPhases = [
  plainPhase('planning'),
  plainPhase('preflight'),
  plainPhase('preparing'),
  plainPhase('installing'),
  plainPhase('verifying'),
  wavePhase('migrating'),
  gatePhase('soaking').extend({ until: timeSchema }),
  gatePhase('analysing'),
  gatePhase('awaitingPromotion').extend({
    gate: z.string(),
    approvers: z.int().meta({ description: 'So many different people must promote.' }),
    approvals: listOf(z.object({ by: z.string(), at: timeSchema })),
  }),
  wavePhase('rollingBackWave').extend({ obstacle: obstacleSchema }),
  plainPhase('finalizing'),
] as const;
const forwardPhaseSchema: z.ZodType<ForwardPhase> = z.discriminatedUnion('name', forwardPhases);

const phaseSchema: z.ZodType<Phase> = z.discriminatedUnion('name', [
  ...forwardPhases,
  plainPhase('succeeded'),
  plainPhase('rolledBack'),
  plainPhase('rejected'),
  plainPhase('cancelled'),
  plainPhase('rollingBack'),
  plainPhase('blocked').extend({
    during: forwardPhaseSchema,
    obstacle: obstacleSchema,
    judged: z.exactOptional(z.int()).meta({ description: 'The step of the gate whose verdict it was.' }),
  }),
  plainPhase('rollbackBlocked').extend({ obstacle: obstacleSchema, manualCommands: listOf(z.string()) }),
]);

const namespaceSchema = z.object({
  namespace: z.string(),
  wave: z.int(),
  status: z.enum(['waiting', 'moving', 'moved', 'failed', 'skipped', 'movingBack', 'movedBack']),
  startedAt: z.exactOptional(timeSchema),
  finishedAt: z.exactOptional(timeSchema),
  workloads: z.exactOptional(z.int()),
  pods: z.exactOptional(z.int()),
  detail: z.exactOptional(z.string()),
});

const progressSchema: z.ZodType<MoveProgress> = z
  .object({
    pods: z.object({ moved: z.int(), total: z.int() }),
    workloads: z.object({ moved: z.int(), moving: z.int(), total: z.int() }),
    unavailable: z.object({
      now: z.int().meta({ description: 'Pods of the namespaces of the run, whoever is the cause.' }),
      budget: z.int().meta({ description: 'How many may be.' }),
    }),
    eta: z
      .object({
        fromSeconds: z.int(),
        toSeconds: z.int(),
        rate: z.int().meta({ description: 'Pods per minute.' }),
      })
      .nullable()
      .meta({ description: 'By what was measured so far; null before that.' }),
    holding: z.string().nullable().meta({ description: 'Why nothing further begins at the moment.' }),
  })
  .meta({ description: 'How far the moves are that are under way.' });
const verdictSchema = z.enum(['successful', 'failed', 'inconclusive', 'error']);
const measurementSchema: z.ZodType<Measurement> = z.object({
  metric: z.string(),
  query: z.exactOptional(z.string()),
  value: z.exactOptional(z.number()),
  control: z.exactOptional(z.number()).meta({ description: "The old revision's value of the same moment." }),
  threshold: z.exactOptional(z.string()),
  verdict: verdictSchema,
  link: z.exactOptional(z.string()),
  detail: z.exactOptional(z.string()),
});
const judgedStepSchema: z.ZodType<JudgedStep> = z.object({
  wave: z.int(),
  step: z.int(),
  at: timeSchema,
  verdict: verdictSchema,
  detail: z.string(),
  measurements: z.exactOptional(listOf(measurementSchema)),
});

/** The whole state of a run. */
export const runStateSchema: z.ZodType<RunState> = z
  .object({
    schema: z.literal(1),
    cluster: z.string(),
    release: z.string(),
    runId: z.string(),
    requestedBy: z.string(),
    startedAt: timeSchema,
    phase: phaseSchema,
    since: timeSchema,
    pause: z
      .object({ since: timeSchema, by: z.string(), reason: z.string(), remedy: z.exactOptional(z.string()) })
      .nullable(),
    plan: planSchema.nullable(),
    findings: listOf(findingSchema),
    namespaces: listOf(namespaceSchema),
    progress: z.exactOptional(progressSchema),
    promotions: listOf(
      z.object({
        gate: z.string(),
        by: z.string(),
        at: timeSchema,
        override: z.exactOptional(z.string()).meta({ description: 'Why, in spite of what the gate said.' }),
      }),
    ),
    verdicts: z
      .exactOptional(listOf(judgedStepSchema))
      .meta({ description: 'What the looking steps of gates have said last.' }),
    earlierPolicies: z
      .exactOptional(listOf(z.object({ before: z.int(), policy: policySchema })))
      .meta({ description: 'Policies of waves that had begun when the policy was changed: of those before `before`.' }),
    archives: z.exactOptional(
      listOf(
        z.object({
          version: z.string(),
          role: z.enum(['target', 'source']),
          digest: z.string().meta({ description: 'SHA-256 of the archive, in hex.' }),
          verified: z.string(),
          dir: z.string(),
        }),
      ),
    ),
    changed: z.boolean(),
    removing: z.boolean(),
    restores: z.exactOptional(z.object({ runId: z.string() })),
    rollback: z.object({ by: z.string(), reason: z.string(), at: timeSchema }).nullable(),
    timeline: listOf(z.object({ phase: phaseNameSchema, at: timeSchema, note: z.exactOptional(z.string()) })),
    proof: listOf(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .meta({ description: 'The whole state of the run.' });

/** Where a run is that was just started. */
export const startedSchema = z.object({ cluster: z.string(), runId: z.string() });

/** A run, as the list shows it. */
export const runSummarySchema: z.ZodType<RunSummary> = z.object({
  cluster: z.string(),
  runId: z.string(),
  release: z.string().nullable(),
  phase: z.string().nullable(),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
});
