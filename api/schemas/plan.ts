import { z } from 'zod';
import {
  CHECK_IDS,
  isCheckId,
  type CheckEntry,
  type CheckId,
  type CheckResult,
} from '../../domain/checks/catalogue.js';
import { CHECK_GROUPS, SEVERITY_MEANINGS, type CheckGroup } from '../../domain/checks/descriptor.js';
import { DRIVERS } from '../../domain/driver.js';
import type { DetectedMesh, Finding, Plan, PlannedWorkload } from '../../domain/plan.js';
import { gateStepSchema, policySchema } from '../../domain/policy/schema.js';
import { upgradeOptionsSchema } from '../../domain/plan.js';
import { listOf } from './common.js';

const driverSchema = z.enum(DRIVERS).meta({ description: 'Absent means `asm-1.6`.' });
const sidecarSchema = z.object({
  revision: z.string().nullable(),
  proxyTag: z.string(),
  driver: z.exactOptional(driverSchema),
});
const endSchema = z.object({ version: z.string(), revision: z.string(), sidecar: sidecarSchema });

/** What a check found. */
export const findingSchema: z.ZodType<Finding> = z.object({
  check: z.string(),
  severity: z.enum(['blocker', 'unknown', 'warning', 'info']),
  reason: z.string(),
  message: z.string(),
  remedy: z.string(),
  command: z.exactOptional(z.string()),
  diff: z.exactOptional(z.string()),
  waived: z.exactOptional(z.string()),
});

const checkIdSchema = z
  .custom<CheckId>((word) => typeof word === 'string' && isCheckId(word))
  .meta({ type: 'string', description: 'Id of the check.', examples: [CHECK_IDS[0]] });
const checkGroupSchema = z.enum(Object.keys(CHECK_GROUPS) as [CheckGroup, ...CheckGroup[]]);

/** A check of the catalogue. */
export const checkSchema: z.ZodType<CheckEntry> = z.object({
  id: checkIdSchema,
  title: z.string().meta({ description: 'What holds when it passes.' }),
  group: checkGroupSchema,
  severity: z.enum(Object.keys(SEVERITY_MEANINGS) as [CheckEntry['severity'], ...CheckEntry['severity'][]]).meta({
    description: 'The worst that it finds. What cannot be found out is `unknown`, and blocks.',
  }),
  reads: z.string().meta({ description: 'The objects that it reads.' }),
  why: z.exactOptional(z.string()).meta({ description: 'What would happen otherwise.' }),
  waivable: z.boolean().meta({ description: 'Whether `options.waivers` may name it.' }),
});

const checkResultSchema: z.ZodType<CheckResult> = z.object({
  check: checkIdSchema,
  title: z.string(),
  group: checkGroupSchema,
  verdict: z.enum(['pass', 'info', 'warning', 'blocker', 'unknown']),
});

const plannedWorkloadSchema: z.ZodType<PlannedWorkload> = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  strategy: z.string().meta({ description: 'As docs/reference/workloads.md calls it.' }),
  action: z.enum(['restart', 'restartAt', 'evict', 'wait', 'report']),
  sentence: z.string().meta({ description: 'What is done, and why.' }),
});

const gatewaySchema = z.object({
  deployment: z.string(),
  kind: z.enum(['installed', 'injected', 'gatewayApi']),
  revision: z.exactOptional(z.string()).meta({ description: 'What it asks for itself by istio.io/rev.' }),
  declared: z.exactOptional(z.string()).meta({ description: 'Name of the Gateway that istiod runs it for.' }),
  waypoint: z.exactOptional(z.literal(true)),
});

const nodeAgentSchema = z.object({ daemonSet: z.string(), kind: z.enum(['cni', 'ztunnel']), version: z.string() });

const tagMoveSchema = z.object({
  tag: z.string(),
  wave: z.string(),
  namespaces: listOf(z.string()),
  gateways: z.exactOptional(listOf(z.string())),
});

const waveSchema = z.object({
  name: z.string(),
  namespaces: listOf(z.string()),
  gate: z.string(),
  gates: z
    .exactOptional(listOf(gateStepSchema))
    .meta({ description: 'What must be behind it before the next one begins; absent: `policy.gates.afterWave`.' }),
  firstPercent: z
    .exactOptional(z.int())
    .meta({ description: "Percentage of each namespace's workloads that move before the others." }),
  order: z.exactOptional(listOf(z.string())).meta({ description: 'Namespaces that begin first, in this order.' }),
  tags: z.exactOptional(listOf(z.string())).meta({ description: 'Revision tags that it begins with.' }),
  agents: z
    .exactOptional(listOf(nodeAgentSchema))
    .meta({ description: 'Parts of every node that are replaced in place when it begins.' }),
  gateways: z
    .exactOptional(listOf(gatewaySchema))
    .meta({ description: 'Gateways that are moved with it, one by one.' }),
});

const routeSchema = z.object({
  driver: z.exactOptional(driverSchema),
  installer: z.exactOptional(z.literal('helm')).meta({ description: 'Absent: istioctl.' }),
  from: endSchema,
  to: endSchema,
});

/** What a run will do. */
export const planSchema: z.ZodType<Plan> = z
  .object({
    cluster: z.string(),
    release: z.string(),
    route: routeSchema.nullable(),
    options: upgradeOptionsSchema,
    policy: policySchema.meta({
      description: 'How the run goes: what the options say, put together. Durations are seconds.',
    }),
    overlays: z.exactOptional(listOf(z.object({ name: z.string(), sha256: z.string() }))),
    findings: listOf(findingSchema),
    checks: z.exactOptional(listOf(checkResultSchema)),
    waves: listOf(waveSchema),
    tags: z
      .exactOptional(listOf(tagMoveSchema))
      .meta({ description: 'Revision tags that are moved, with which wave, and whose new pods that concerns.' }),
    workloads: z
      .exactOptional(listOf(plannedWorkloadSchema))
      .meta({ description: 'What will be done with each workload; absent in the plan that a run keeps.' }),
    commands: listOf(z.string()),
    totals: z.object({ namespaces: z.int(), workloads: z.int(), pods: z.int() }),
    estimateMinutes: z.object({ from: z.number(), to: z.number() }),
    hash: z.string().meta({ description: 'A promotion names it, and so is bound to this plan.' }),
  })
  .meta({ description: 'What a run will do.' });

/** What is in a cluster now. */
export const meshSchema: z.ZodType<DetectedMesh> = z
  .object({
    cluster: z.string(),
    kubernetes: z.string(),
    controlPlanes: listOf(
      z.object({
        revision: z.string(),
        deployment: z.string(),
        version: z.string(),
        ready: z.boolean(),
        installer: z.exactOptional(z.enum(['istioctl', 'helm', 'operator', 'sail'])),
      }),
    ),
    namespaces: listOf(
      z.object({
        namespace: z.string(),
        injection: z.string().nullable(),
        revision: z.string().nullable(),
        podsByProxy: z.record(z.string(), z.int()),
        podsByRevision: z.exactOptional(z.record(z.string(), z.int())),
        workloads: z.int(),
      }),
    ),
    gateways: listOf(z.string()),
    gatewayDeployments: z.exactOptional(listOf(gatewaySchema)),
    nodeAgents: z.exactOptional(listOf(nodeAgentSchema)),
    tags: z.exactOptional(listOf(z.object({ tag: z.string(), revision: z.string() }))),
  })
  .meta({ description: 'What is in the cluster now.' });
