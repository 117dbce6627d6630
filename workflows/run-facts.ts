import { durationText } from '../domain/duration.js';
import { FAILURES } from '../domain/failures.js';
import { inPlaceRollbackCommands } from '../domain/in-place-commands.js';
import { stepOf, isToMoveBack } from '../domain/phases.js';
import { restoreCommands, rollbackCommands } from '../domain/planned-commands.js';
import { driverOf, isInPlace, type Route } from '../domain/plan.js';
import { policyOfWave } from '../domain/policy/of-wave.js';
import type { Policy } from '../domain/policy/schema.js';
import { revisionedRollbackCommands } from '../domain/revisioned-commands.js';
import type { Obstacle, RunState } from '../domain/run.js';
import type { RunRef } from '../activities/contract.js';

export { commandsIn, obstacleOf } from './obstacle.js';

/** How activities name the run. */
export function runRefOf({ cluster, runId, release, restores }: RunState): RunRef {
  return { cluster, runId, release, ...(restores === undefined ? {} : { restores: restores.runId }) };
}

/** The way that the plan found. @throws Error before planning: no phase that needs it can be reached then */
export function routeOf({ plan }: RunState): Route {
  if (plan?.route == null) throw new Error('the run has no route');
  return plan.route;
}

/** Nobody promoted a gate in time. */
export function timedOut(state: RunState, gate: string): Obstacle {
  const waited = durationText(policyOf(state).timeouts.promotion);
  const message = `Nobody promoted gate ${gate} of cluster ${state.cluster} within ${waited}.`;
  return { reason: 'PromotionTimedOut', message, remedy: FAILURES.PromotionTimedOut.nextStep };
}

/** What a person types when the rollback cannot go on by itself. */
export function manualCommandsOf(state: RunState): string[] {
  if (state.plan?.route == null) return [];
  const { route } = state.plan;
  const left = state.namespaces.filter(isToMoveBack);
  const names = left.map(({ namespace }) => namespace);
  if (isInPlace(route)) return inPlaceRollbackCommands(route, names, state.plan.waves);
  if (driverOf(route) === 'istio-revisioned') return revisionedManual(state, names);
  const first = state.removing ? restoreCommands(route, state.cluster, state.restores?.runId ?? state.runId) : [];
  return [...first, ...rollbackCommands(route, names)];
}

function revisionedManual({ plan, removing, cluster, runId, restores }: RunState, names: readonly string[]): string[] {
  if (plan?.route == null) return [];
  const { route, tags = [], waves } = plan;
  const way = { route, tags, namespaces: names, waves };
  const backup = `kubectl create -f <data folder of the server>/runs/${cluster}/${restores?.runId ?? runId}/backup/`;
  return [...(removing ? [backup] : []), ...revisionedRollbackCommands(way)];
}

/** The policy in force: that of the wave at hand. @throws Error before planning: no phase that needs it can be reached then */
export function policyOf(state: RunState): Policy {
  const step = stepOf(state.phase);
  const policy = step !== null && 'wave' in step ? policyOfWave(state, step.wave) : state.plan?.policy;
  if (policy == null) throw new Error('the run has no plan');
  return policy;
}
