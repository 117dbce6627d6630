import { durationText } from '../duration.js';
import type { Wave } from '../plan.js';
import type { GateStep } from './schema.js';

/** A step of a gate in a few words: `soak 10m`, `analysis istio-defaults`, `promotion by 2 people`. */
export function stepText(step: GateStep): string {
  if ('soak' in step) return `soak ${durationText(step.soak)}`;
  if ('analysis' in step) return `analysis ${typeof step.analysis === 'string' ? step.analysis : 'of its own'}`;
  if ('webhook' in step) return `webhook ${step.webhook}`;
  if ('job' in step) return `job ${step.job}`;
  return step.approvers === 1 ? 'promotion' : `promotion by ${step.approvers} people`;
}

/** What a person would do at a gate, as a comment among commands. */
export function gateComment({ gate, gates = [{ manual: true, approvers: 1 }] }: Pick<Wave, 'gate' | 'gates'>): string {
  const [only, ...more] = gates;
  if (only === undefined) return `# gate ${gate}: open`;
  if (more.length === 0 && 'manual' in only && only.approvers === 1) return `# wait for promotion of gate ${gate}`;
  return `# gate ${gate}: ${gates.map(stepText).join(', then ')}`;
}
