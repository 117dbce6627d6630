import { noted } from './enter.js';
import { named } from './named.js';
import type { NamespaceState, RunState } from './run.js';

/** Whether namespaces that are not in the plan may still join: the last wave is on its way. */
export function mayJoin({ phase, plan }: Pick<RunState, 'phase' | 'plan'>): boolean {
  return plan !== null && phase.name === 'migrating' && phase.wave === plan.waves.length - 1;
}

/** Namespaces that began to use the old control plane after the plan was made join the last wave. */
export function namespacesJoined(
  state: RunState,
  { at, namespaces }: { readonly at: string; readonly namespaces: readonly string[] },
): RunState {
  const { plan } = state;
  const known = new Set(state.namespaces.map(({ namespace }) => namespace));
  const newcomers = [...new Set(namespaces)].filter((namespace) => !known.has(namespace));
  if (plan === null || !mayJoin(state) || newcomers.length === 0) return state;
  const last = plan.waves.length - 1;
  const waves = plan.waves.map((wave, index) =>
    index === last ? { ...wave, namespaces: [...wave.namespaces, ...newcomers] } : wave,
  );
  const rows = newcomers.map((namespace): NamespaceState => ({ namespace, wave: last, status: 'waiting' }));
  const joined = { ...state, plan: { ...plan, waves }, namespaces: [...state.namespaces, ...rows] };
  return noted(joined, at, `joined by ${named(newcomers)}, which the plan did not have`);
}
