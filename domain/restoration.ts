import { named } from './named.js';
import { isInPlace, type DetectedMesh, type Finding, type Plan } from './plan.js';
import { canRollBack, initialState, isFinal, phaseTitle } from './phases.js';
import type { NamespaceState, Refusal, RunState } from './run.js';

/** What a run is started with that takes back a succeeded one: all that the succeeded one left behind. */
export interface Restoration {
  /** The succeeded run: its folder holds the snapshot, and the backup of what it removed. */
  readonly runId: string;
  readonly reason: string;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly namespaces: readonly NamespaceState[];
}

/** What a run that takes back `state` is started with; null when it never had a plan. */
export function restorationOf(state: RunState, reason: string): Restoration | null {
  const { runId, plan, findings, namespaces } = state;
  return plan === null ? null : { runId, reason, plan, findings, namespaces };
}

/** The state of a run that has just begun to take back another one. */
export function restoringState(
  run: Pick<RunState, 'cluster' | 'release' | 'runId' | 'requestedBy'> & { readonly at: string },
  { reason, plan, findings, namespaces, ...restores }: Restoration,
): RunState {
  const { at, requestedBy } = run;
  return {
    ...initialState(run),
    phase: { name: 'rollingBack' },
    plan,
    findings,
    namespaces,
    changed: true,
    removing: true,
    restores: { runId: restores.runId },
    rollback: { by: requestedBy, reason, at },
    timeline: [{ phase: 'rollingBack', at, note: `${requestedBy}: ${reason}` }],
  };
}

/**
 * Whether a run that is over can still be rolled back: only a succeeded one, and only within its grace.
 * @param now ISO 8601 in UTC
 * @returns null when it can, otherwise why not, as a sentence
 */
export function acceptRestoration(state: RunState, now: string): Refusal | null {
  const { phase, cluster, plan, since, restores } = state;
  const doing = `The run of cluster ${cluster} cannot be rolled back in phase "${phaseTitle(phase)}"`;
  if (phase.name !== 'succeeded' || plan?.route == null || restores !== undefined) {
    const why = isFinal(phase) ? 'it is over' : canRollBack(state) ? 'it is still open' : 'it has changed nothing';
    return { reason: 'WrongPhase', message: `${doing}: ${why}.` };
  }
  const ends = Date.parse(since) + plan.options.rollbackGraceSeconds * 1_000;
  if (Date.parse(now) <= ends) return null;
  const until = new Date(ends).toISOString();
  return { reason: 'RollbackExpired', message: `${doing}: it could be until ${until}, its grace after the end.` };
}

/**
 * Whether the cluster is still as the run left it. Going back over what others have done since would be guessing.
 * @returns null when it is, otherwise what is different, as a sentence
 */
export function acceptCluster(
  { cluster, plan }: Pick<RunState, 'cluster' | 'plan'>,
  mesh: DetectedMesh,
): Refusal | null {
  const route = plan?.route;
  if (route == null) return null;
  const changed = (what: string): Refusal => ({
    reason: 'ClusterChanged',
    message: `Cluster ${cluster} is no longer as the upgrade left it: ${what}.`,
  });
  const ours = mesh.controlPlanes.find(({ revision }) => revision === route.to.revision);
  if (ours === undefined) return changed(`it has no control plane of revision ${route.to.revision}`);
  if (ours.version !== route.to.version)
    return changed(`revision ${ours.revision} runs ${ours.version}, not ${route.to.version}`);
  const other = mesh.controlPlanes.find(({ revision }) => ![route.to.revision, route.from.revision].includes(revision));
  if (other !== undefined)
    return changed(`it has a control plane ${other.revision} of version ${other.version} by now`);
  // In place everybody who asks for the old one asks for the new one, too.
  if (isInPlace(route)) return null;
  const moved = new Set(plan?.waves.flatMap(({ namespaces }) => namespaces));
  const users = mesh.namespaces.filter(
    ({ namespace, revision }) => revision === route.to.revision && !moved.has(namespace),
  );
  if (users.length === 0) return null;
  const names = named(users.map(({ namespace }) => namespace));
  return changed(`namespaces that the upgrade did not move ask for its sidecar: ${names}`);
}
