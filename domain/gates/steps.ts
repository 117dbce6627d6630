import type { GateStep, Policy } from '../policy/schema.js';

/** Every gate step of a policy, whichever wave it is behind. */
export function allGateSteps({ gates, waves = [] }: Pick<Policy, 'gates' | 'waves'>): GateStep[] {
  return [...gates.afterWave, ...waves.flatMap((wave) => wave.gates ?? [])];
}

/** What the server has registered, by kind. */
export interface RegisteredGates {
  readonly analyses: readonly string[];
  readonly webhooks: readonly string[];
  readonly jobs: readonly string[];
}

/** Names that a policy uses and the server does not know, each once, in words: `the webhook release-board`. */
export function unknownGates(steps: readonly GateStep[], known: RegisteredGates): string[] {
  const missing = steps.flatMap((step) => {
    if ('analysis' in step && typeof step.analysis === 'string')
      return lacks('analysis', step.analysis, known.analyses);
    if ('webhook' in step) return lacks('webhook', step.webhook, known.webhooks);
    return 'job' in step ? lacks('job', step.job, known.jobs) : [];
  });
  return [...new Set(missing)];
}

function lacks(kind: string, name: string, known: readonly string[]): string[] {
  return known.includes(name) ? [] : [`the ${kind} ${name}`];
}
