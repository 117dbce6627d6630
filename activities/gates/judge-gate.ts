import type { GateVerdict } from '../../domain/gate-verdict.js';
import { subjectOf } from '../../domain/gates/sentences.js';
import { BUILT_IN_ANALYSES } from '../../domain/gates/templates.js';
import { named } from '../../domain/named.js';
import type { AnalysisTemplate } from '../../domain/policy/analysis-template.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import type { GateInput } from './gate-input.js';
import { runJob } from './job.js';
import { runAnalysis } from './run-analysis.js';
import { askWebhook } from './webhook.js';

/** Judges one step of a gate that looks at something: an analysis, a webhook or a Job. */
export function createJudgeGate(context: ActivityContext): Activities['judgeGate'] {
  return (input) => heartbeating((signal) => judgeStep(context, input, signal));
}

async function judgeStep(context: ActivityContext, input: GateInput, signal: AbortSignal): Promise<GateVerdict> {
  const { step } = input;
  if ('analysis' in step) return judgeByMetrics(context, { ...input, step }, signal);
  if ('webhook' in step) {
    const webhook = context.settings.webhooks[step.webhook];
    if (webhook === undefined) return unknown(input, 'webhook', step.webhook, Object.keys(context.settings.webhooks));
    return askWebhook({ context, input, name: step.webhook, webhook, signal });
  }
  if ('job' in step) {
    const file = context.settings.jobs[step.job];
    if (file === undefined) return unknown(input, 'job', step.job, Object.keys(context.settings.jobs));
    return runJob({ context, input, name: step.job, file, signal });
  }
  // A timer, or a person: neither is looked at here.
  return { verdict: 'successful', sentence: `There is nothing to judge for ${whose(input)}.`, measurements: [] };
}

async function judgeByMetrics(
  context: ActivityContext,
  input: GateInput & { readonly step: { readonly analysis: string | AnalysisTemplate } },
  signal: AbortSignal,
): Promise<GateVerdict> {
  const { analysis } = input.step;
  const { metrics } = context.access(input.run.cluster).cluster;
  const registered = { ...BUILT_IN_ANALYSES, ...context.settings.analyses };
  const template = typeof analysis === 'string' ? registered[analysis] : analysis;
  if (typeof analysis === 'string' && template === undefined) {
    return unknown(input, 'analysis', analysis, Object.keys(registered));
  }
  if (metrics === undefined || template === undefined) return withoutMetrics(input);
  const name = typeof analysis === 'string' ? analysis : null;
  return runAnalysis({ context, input, name, template, metrics, signal });
}

function unknown(input: GateInput, kind: string, name: string, known: readonly string[]): GateVerdict {
  const there = known.length === 0 ? 'none' : named(known);
  return {
    verdict: 'error',
    sentence: `This server has no ${kind} "${name}", which the policy wants for ${whose(input)}; it has ${there}.`,
    remedy: 'Register it in the configuration file and restart the server, then `retry`; or promote the gate.',
    measurements: [],
  };
}

function withoutMetrics(input: GateInput): GateVerdict {
  return {
    verdict: 'error',
    sentence: `Nobody has said where the metrics of cluster ${input.run.cluster} are, so ${whose(input)} cannot be judged by them.`,
    remedy:
      'Add `metrics: { prometheus: <address> }` to the cluster in the configuration file and restart the server, then `retry`; or promote the gate.',
    measurements: [],
  };
}

function whose({ run, wave, namespaces }: GateInput): string {
  return subjectOf({ cluster: run.cluster, wave, namespaces });
}
