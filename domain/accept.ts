import { acceptPolicy } from './accept-policy.js';
import { acceptPromotion } from './accept-promotion.js';
import { canCancel, canPause, canRollBack, canSkip, isBeforeFinalizing, isFinal } from './phases.js';
import { refuse, wrongPhase } from './refuse.js';
import type { Refusal, RunCommand, RunEvent, RunState } from './run.js';

type CommandOf<Type extends RunCommand['type']> = Extract<RunCommand, { readonly type: Type }>;

/**
 * Whether a run takes a command in its present state. Changes nothing; {@link toEvent} says what an accepted one does.
 * @returns null when it is accepted, otherwise why not, as a sentence that names cluster and phase
 */
export function accept(state: RunState, command: RunCommand): Refusal | null {
  switch (command.type) {
    case 'promote':
      return acceptPromotion(state, command);
    case 'changePolicy':
      return acceptPolicy(state, command);
    case 'pause':
      return acceptPause(state);
    case 'resume':
      return state.pause === null ? wrongPhase(state, 'resumed', 'it is not paused') : null;
    case 'rollBack':
      return acceptRollback(state);
    case 'retry':
      return acceptRetry(state);
    case 'skipNamespace':
      return acceptSkip(state, command);
    case 'cancel':
      return acceptCancel(state);
    default:
      return command satisfies never;
  }
}

/** The event of an accepted command. @param at ISO 8601 in UTC */
export function toEvent(command: RunCommand, at: string): RunEvent {
  const { by } = command;
  switch (command.type) {
    case 'promote':
      return promotionEvent(command, at);
    case 'changePolicy':
      return { type: 'policyChanged', at, by, policy: command.policy, planHash: command.newHash };
    case 'pause':
      return { type: 'paused', at, by, reason: command.reason };
    case 'resume':
      return { type: 'resumed', at, by };
    case 'rollBack':
      return { type: 'rollbackRequested', at, by, reason: command.reason };
    case 'retry':
      return { type: 'retried', at, by };
    case 'skipNamespace':
      return { type: 'namespaceSkipped', at, by, namespace: command.namespace, reason: command.reason };
    case 'cancel':
      return { type: 'cancelled', at, by };
    default:
      return command satisfies never;
  }
}

function promotionEvent({ by, gate, soak, override }: CommandOf<'promote'>, at: string): RunEvent {
  if (soak !== undefined) return { type: 'soakAdjusted', at, by, soak };
  return { type: 'promoted', at, by, gate, ...(override === undefined ? {} : { override }) };
}

function acceptPause(state: RunState): Refusal | null {
  if (canPause(state)) return null;
  const { pause } = state;
  if (pause !== null) return wrongPhase(state, 'paused', `${pause.by} paused it already at ${pause.since}`);
  return wrongPhase(state, 'paused', isFinal(state.phase) ? 'it is over' : 'it is not on its way forward');
}

function acceptRollback(state: RunState): Refusal | null {
  if (canRollBack(state)) return null;
  const { phase, changed, cluster } = state;
  if (isFinal(phase)) return wrongPhase(state, 'rolled back', 'it is over');
  if (!changed) {
    return wrongPhase(state, 'rolled back', `it has changed nothing yet; \`meshlift cancel ${cluster}\` drops it`);
  }
  return wrongPhase(state, 'rolled back', 'it is on its way back already');
}

function acceptRetry(state: RunState): Refusal | null {
  const { name } = state.phase;
  if (name === 'blocked' || name === 'rollbackBlocked') return null;
  return wrongPhase(state, 'retried', 'nothing blocks it');
}

function acceptSkip(state: RunState, { namespace }: CommandOf<'skipNamespace'>): Refusal | null {
  const doing = `told to skip namespace ${namespace}`;
  if (!isBeforeFinalizing(state.phase)) return wrongPhase(state, doing, 'it moves no namespaces forward any more');
  if (state.plan === null) return wrongPhase(state, doing, 'it has no plan yet');
  const row = state.namespaces.find((entry) => entry.namespace === namespace);
  if (row === undefined) return refuse(state, 'UnknownNamespace', doing, 'its plan does not have that namespace');
  return canSkip(state, row)
    ? null
    : wrongPhase(state, doing, `that namespace is ${row.status}, not waiting, failed or moved back`);
}

function acceptCancel(state: RunState): Refusal | null {
  if (canCancel(state)) return null;
  if (isFinal(state.phase)) return wrongPhase(state, 'cancelled', 'it is over');
  const hint = canRollBack(state) ? `; \`meshlift rollback ${state.cluster}\` goes back` : '';
  return wrongPhase(state, 'cancelled', `it may have changed the cluster already${hint}`);
}
