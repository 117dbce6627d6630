import type { Wave } from '../plan.js';
import type { GateStep, Policy } from './schema.js';

/** The wave in which a driver moves gateways that do not come with the control plane. */
const GATEWAYS = 'gateways';

/** What must be behind a wave before the next one begins, one after the other. */
export function stepsOf({ gates }: Pick<Wave, 'gates'>, policy: Pick<Policy, 'gates'>): readonly GateStep[] {
  return gates ?? policy.gates.afterWave;
}

/**
 * Gives waves what a policy says about each of them: its gate, and how its namespaces begin. Where gateways need an approval,
 * the wave before theirs ends with a person's promotion.
 * @param waves as they are in a plan; what an earlier policy said about them is replaced
 */
export function withPolicy(waves: readonly Wave[], policy: Policy): Wave[] {
  return waves.map((wave, index) => {
    const isBeforeGateways = waves[index + 1]?.name === GATEWAYS;
    return isBeforeGateways ? withApproval(withRule(wave, policy), policy) : withRule(wave, policy);
  });
}

function withRule(wave: Wave, { waves: rules = [] }: Policy): Wave {
  const bare: { -readonly [Key in keyof Wave]: Wave[Key] } = { ...wave };
  delete bare.gates;
  delete bare.firstPercent;
  delete bare.order;
  const rule = rules.find(({ name }) => name === wave.name);
  if (rule === undefined) return bare;
  const order = (rule.order ?? []).filter((namespace) => wave.namespaces.includes(namespace));
  return {
    ...bare,
    ...(rule.gates !== undefined && { gates: rule.gates }),
    ...(rule.perNamespacePercent !== undefined && { firstPercent: rule.perNamespacePercent }),
    ...(order.length > 0 && { order }),
  };
}

function withApproval(wave: Wave, policy: Policy): Wave {
  const steps = stepsOf(wave, policy);
  if (policy.gateways.approval === 'none' || steps.some((step) => 'manual' in step)) return wave;
  return { ...wave, gates: [...steps, { manual: true, approvers: 1 }] };
}
